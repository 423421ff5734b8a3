// The slices of the page: choice of the function, a slider for every plane, and the value under the pointer.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);
const HINT = "Point at a picture to read its values.";
let component = 0;

// Range of an error, with zero in the middle.
function symmetric(packed) {
  const limit = Math.max(Math.abs(packed.low), Math.abs(packed.high)) || 1;
  return { low: -limit, high: limit };
}

// Range of solution and exact solution at all positions of the slider, so that pictures can be compared.
function rangeOf(chosen, margin) {
  let [low, high] = chosen.range;
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  return { low: low - margin * (high - low), high: high + margin * (high - low) };
}

class PlaneView {
  constructor(plane, root) {
    this.plane = plane;
    this.root = root;
    this.frame = plane.over ? (plane.over.values.length - 1) >> 1 : 0;
    this.fields = new Map();
    this.slider = this.part("input");
    if (this.slider) {
      this.slider.max = plane.over.values.length - 1;
      this.slider.value = this.frame;
      this.slider.addEventListener("input", () => { this.frame = Number(this.slider.value); this.redraw(); });
    }
    this.rebuild();
  }

  part(selector) { return this.root.querySelector(selector); }

  // The values of a field at the position of the slider.
  cut(packed) {
    if (!this.fields.has(packed)) this.fields.set(packed, unpacked(packed));
    const count = this.plane.axes.reduce((product, axis) => product * axis.points, 1);
    return this.fields.get(packed).subarray(this.frame * count, (this.frame + 1) * count);
  }

  current() {
    const chosen = this.plane.functions[component];
    const solution = this.cut(chosen.solution);
    const error = chosen.error ? this.cut(chosen.error) : null;
    return { chosen, solution, error, exact: error && solution.map((value, i) => value - error[i]) };
  }

  panels() {
    const { chosen, solution, error, exact } = this.current();
    const list = [];
    if (this.plane.axes.length === 2) {
      const scale = rangeOf(chosen, 0);
      list.push({ title: "Solution", values: solution, scale, map: "values" });
      if (error) {
        list.push({ title: "Exact solution", values: exact, scale, map: "values" });
        list.push({ title: "Error: solution − exact", values: error, scale: symmetric(chosen.error), map: "errors" });
      }
      return list;
    }
    const curves = [{ values: solution, colour: "--blue", label: "solution" }];
    if (error) curves.push({ values: exact, colour: "--orange", dashed: true, label: "exact" });
    list.push({ title: error ? "Solution and exact solution" : "Solution", curves, scale: rangeOf(chosen, 0.05) });
    if (error) {
      list.push({ title: "Error: solution − exact", curves: [{ values: error, colour: "--blue" }],
        scale: symmetric(chosen.error) });
    }
    return list;
  }

  position() {
    const { over } = this.plane;
    return over ? `${over.name} = ${written(over.values[this.frame], 4)}` : "";
  }

  // Make the canvases anew: at first, and after another function has been chosen.
  rebuild() {
    const figures = this.panels().map((panel) => {
      const canvas = element("canvas");
      canvas.setAttribute("role", "img");
      canvas.addEventListener("pointermove", (event) => this.read(event, canvas));
      canvas.addEventListener("pointerdown", (event) => this.read(event, canvas));
      canvas.addEventListener("pointerleave", () => { this.part(".reading").textContent = HINT; });
      const below = panel.map ? scaleBar(panel.scale, page.maps[panel.map]) : legend(panel.curves);
      return element("figure", {}, [element("figcaption", { textContent: panel.title }), canvas, below]);
    });
    this.part(".panels").replaceChildren(...figures);
    this.part(".reading").textContent = HINT;
    this.redraw();
  }

  // Draw into the canvases that are there: after the slider, the size or the colours have changed.
  redraw() {
    const { name } = this.plane.functions[component];
    const [x, second] = this.plane.axes;
    const held = [this.position(), this.plane.held].filter(Boolean).join("; ");
    const canvases = this.root.querySelectorAll("canvas");
    this.panels().forEach((panel, i) => {
      canvases[i].box = second
        ? drawPlane(canvases[i], x, second, panel.values, panel.scale, page.maps[panel.map])
        : drawLines(canvases[i], x, { ...panel.scale, name: i ? "error" : name }, panel.curves);
      const where = this.plane.axes.map((axis) => axis.name).join(", ");
      canvases[i].setAttribute("aria-label", `${panel.title} ${name} over ${where}. ${held}`);
    });
    if (this.slider) {
      this.part("output").textContent = this.position().slice(this.plane.over.name.length);
      this.slider.setAttribute("aria-valuetext", this.position());
    }
    this.part(".held").textContent = held ? `At ${held}.` : "";
  }

  // Show the values at the grid point next to the pointer.
  read(event, { box }) {
    const { solution, exact, error } = this.current();
    const [x, y] = this.plane.axes;
    const share = (at, start, size) => Math.min(1, Math.max(0, (at - start) / size));
    const column = Math.round(share(event.offsetX, box.left, box.width) * (x.points - 1));
    const row = y ? Math.round((1 - share(event.offsetY, box.top, box.height)) * (y.points - 1)) : 0;
    const at = row * x.points + column;
    const coordinate = (axis, i) =>
      `${axis.name} = ${written(axis.low + ((axis.high - axis.low) * i) / (axis.points - 1))}`;
    const place = [coordinate(x, column), ...(y ? [coordinate(y, row)] : [])].join(", ");
    const values = [`solution ${written(solution[at], 4)}`];
    if (error) values.push(`exact ${written(exact[at], 4)}`, `error ${written(error[at])}`);
    this.part(".reading").textContent =
      Number.isNaN(solution[at]) ? `${place}: outside the domain` : `${place}: ${values.join(", ")}`;
  }
}

const views = page.planes.map((plane, i) => new PlaneView(plane, document.getElementById(`plane-${i}`)));
for (const button of document.querySelectorAll('input[name="component"]')) {
  button.addEventListener("change", () => {
    component = Number(button.value);
    views.forEach((view) => view.rebuild());
  });
}
const redrawAll = () => views.forEach((view) => view.redraw());
window.addEventListener("resize", redrawAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

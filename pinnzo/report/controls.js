// The slices of the page: choice of plane and function, the slider, and the value under the pointer.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);
const root = document.getElementById("slices-view");
const state = { plane: 0, component: 0, frames: page.planes.map((p) => (p.over ? (p.over.values.length - 1) >> 1 : 0)) };
const fields = new Map();

function fieldOf(packed) {
  if (!fields.has(packed)) fields.set(packed, unpacked(packed));
  return fields.get(packed);
}

// Solution, exact solution and error of the chosen function at the chosen position of the slider.
function current() {
  const plane = page.planes[state.plane];
  const chosen = plane.functions[state.component];
  const count = plane.axes.reduce((product, axis) => product * axis.points, 1);
  const start = state.frames[state.plane] * count;
  const cut = (values) => values.subarray(start, start + count);
  const solution = cut(fieldOf(chosen.solution));
  const error = chosen.error ? cut(fieldOf(chosen.error)) : null;
  return { plane, chosen, solution, error, exact: error && solution.map((value, i) => value - error[i]) };
}

function symmetric(packed) {
  const limit = Math.max(Math.abs(packed.low), Math.abs(packed.high)) || 1;
  return { low: -limit, high: limit };
}

// The range of both solutions at all positions of the slider, so that colours can be compared.
function rangeOf(chosen, margin) {
  let { low, high } = chosen.solution;
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  return { low: low - margin * (high - low), high: high + margin * (high - low) };
}

function panels({ plane, chosen, solution, error, exact }) {
  if (plane.axes.length === 2) {
    const scale = rangeOf(chosen, 0);
    const list = [{ title: "Solution", values: solution, scale, map: "values" }];
    if (error) {
      list.push({ title: "Exact solution", values: exact, scale, map: "values" });
      list.push({ title: "Error: solution − exact", values: error, scale: symmetric(chosen.error), map: "errors" });
    }
    return list;
  }
  const curves = [{ values: solution, colour: "--blue", label: "solution" }];
  if (error) curves.push({ values: exact, colour: "--orange", dashed: true, label: "exact" });
  const list = [{ title: error ? "Solution and exact solution" : "Solution", curves, scale: rangeOf(chosen, 0.05) }];
  if (error) {
    const scale = symmetric(chosen.error);
    list.push({ title: "Error: solution − exact", curves: [{ values: error, colour: "--blue" }], scale });
  }
  return list;
}

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function scaleBar(panel) {
  const map = page.maps[panel.map];
  const bar = element("i");
  bar.style.background = `linear-gradient(to right, ${map.map((c) => `rgb(${c.join(" ")})`).join(", ")})`;
  const { low, high } = panel.scale;
  const ends = [low, (low + high) / 2, high].map((value) => element("span", { textContent: written(value) }));
  return element("div", { className: "scale" }, [bar, element("div", {}, ends)]);
}

function legend(panel) {
  const items = panel.curves.filter((curve) => curve.label).map((curve) => {
    const key = element("span", { className: "swatch" });
    key.style.borderTop = `2px ${curve.dashed ? "dashed" : "solid"} var(${curve.colour})`;
    return element("span", {}, [key, curve.label]);
  });
  return element("div", { className: "legend" }, items);
}

function heldText(plane) {
  const position = plane.over ? [`${plane.over.name} = ${written(plane.over.values[state.frames[state.plane]], 4)}`] : [];
  return [...position, ...(plane.held ? [plane.held] : [])].join("; ");
}

// Make the canvases anew: after another plane or function has been chosen.
function rebuild() {
  const now = current();
  const list = panels(now);
  const figures = list.map((panel, i) => {
    const canvas = element("canvas", { id: `canvas-${i}` });
    canvas.setAttribute("role", "img");
    for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, (event) => read(event, canvas));
    canvas.addEventListener("pointerleave", () => { document.getElementById("reading").textContent = ""; });
    const below = panel.map ? scaleBar(panel) : legend(panel);
    return element("figure", {}, [element("figcaption", { textContent: panel.title }), canvas, below]);
  });
  document.getElementById("panels").replaceChildren(...figures);
  const { over } = now.plane;
  document.getElementById("slide").hidden = !over;
  if (over) {
    const slider = document.getElementById("slider");
    slider.max = over.values.length - 1;
    slider.value = state.frames[state.plane];
    document.getElementById("slider-name").textContent = over.name;
  }
  redraw();
}

// Draw into the canvases that are there: after the slider, the size or the colours have changed.
function redraw() {
  const now = current();
  const { plane, chosen } = now;
  panels(now).forEach((panel, i) => {
    const canvas = document.getElementById(`canvas-${i}`);
    const [x, second] = plane.axes;
    canvas.box = second
      ? drawPlane(canvas, x, second, panel.values, panel.scale, page.maps[panel.map])
      : drawLines(canvas, x, { ...panel.scale, name: i ? "error" : chosen.name }, panel.curves);
    const where = plane.axes.map((axis) => axis.name).join(", ");
    canvas.setAttribute("aria-label", `${panel.title} ${chosen.name} over ${where}. ${heldText(plane)}`);
  });
  if (plane.over) {
    const value = written(plane.over.values[state.frames[state.plane]], 4);
    document.getElementById("slider-value").textContent = `= ${value}`;
    document.getElementById("slider").setAttribute("aria-valuetext", `${plane.over.name} = ${value}`);
  }
  const held = heldText(plane);
  document.getElementById("held").textContent = held ? `At ${held}.` : "";
}

// Show the values at the grid point next to the pointer.
function read(event, canvas) {
  const { plane, solution, exact, error } = current();
  const { box } = canvas;
  const [x, y] = plane.axes;
  const share = (at, start, size) => Math.min(1, Math.max(0, (at - start) / size));
  const column = Math.round(share(event.offsetX, box.left, box.width) * (x.points - 1));
  const row = y ? Math.round((1 - share(event.offsetY, box.top, box.height)) * (y.points - 1)) : 0;
  const at = row * x.points + column;
  const coordinate = (axis, i) => `${axis.name} = ${written(axis.low + ((axis.high - axis.low) * i) / (axis.points - 1))}`;
  const place = [coordinate(x, column), ...(y ? [coordinate(y, row)] : [])].join(", ");
  const values = [`solution ${written(solution[at], 4)}`];
  if (error) values.push(`exact ${written(exact[at], 4)}`, `error ${written(error[at])}`);
  document.getElementById("reading").textContent = Number.isNaN(solution[at])
    ? `${place}: outside the domain` : `${place}: ${values.join(", ")}`;
}

root.addEventListener("change", ({ target }) => {
  if (target.name === "plane" || target.name === "component") {
    state[target.name] = Number(target.value);
    rebuild();
  }
});
document.getElementById("slider").addEventListener("input", ({ target }) => {
  state.frames[state.plane] = Number(target.value);
  redraw();
});
window.addEventListener("resize", redraw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
rebuild();

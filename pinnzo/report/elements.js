// Pieces of the page beside the canvases.
"use strict";

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function powerOfTen(exponent) {
  return `10${String(exponent).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]))}`;
}

// A number with a few digits, very small and large ones with a power of ten.
function written(value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(digits))).replace("-", "−");
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${Number(mantissa)} × ${powerOfTen(Number(exponent))}`.replace("-", "−");
}

// A bar with the colours of a map, and the values at its ends and in its middle.
function scaleBar({ low, high }, map) {
  const bar = element("i");
  bar.style.background = `linear-gradient(to right, ${map.map((c) => `rgb(${c.join(" ")})`).join(", ")})`;
  const rounding = 1e-9 * (high - low);
  const ends = [low, (low + high) / 2, high].map((value) =>
    element("span", { textContent: written(Math.abs(value) < rounding ? 0 : value) }));
  return element("div", { className: "scale" }, [bar, element("div", {}, ends)]);
}

function legend(curves) {
  const items = curves.filter((curve) => curve.label).map((curve) => {
    const key = element("span", { className: "swatch" });
    key.style.borderTop = `2px ${curve.dashed ? "dashed" : "solid"} var(${curve.colour})`;
    return element("span", {}, [key, curve.label]);
  });
  return element("div", { className: "legend" }, items);
}

// Draws planes and lines on canvases. Colours come from the style sheet, so that they follow dark mode.
"use strict";

const HOLE = 65535;
const MARGIN = { left: 52, right: 12, top: 8, bottom: 40 };

// The values of a field, (frames, points), as numbers; NaN outside the domain.
function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(bytes.length / 2);
  for (let i = 0; i < values.length; i++) {
    const step = view.getUint16(2 * i, true);
    const share = step / (HOLE - 1);
    values[i] = step === HOLE ? NaN : packed.low * (1 - share) + packed.high * share;
  }
  return values;
}

// Round numbers between two ends.
function ticksBetween(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((s) => s * unit).find((s) => s >= rough * (1 - 1e-9)) || 10 * unit;
  const places = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) places.push(i * step);
  return places;
}

// Marks of an axis with short labels: a power of ten that they share moves to the name of the axis.
function marksOf(axis) {
  const places = ticksBetween(axis.low, axis.high, 4);
  const largest = Math.max(...places.map(Math.abs));
  const exponent = largest > 0 && (largest < 1e-2 || largest >= 1e4) ? Math.floor(Math.log10(largest)) : 0;
  const marks = places.map((value) => [value, written(value / 10 ** exponent)]);
  return { marks, name: exponent ? `${axis.name} (× ${powerOfTen(exponent)})` : axis.name };
}

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A canvas of the size that it has on the page, in the pixels of the screen.
function prepared(canvas, ratio) {
  const width = canvas.clientWidth || 300;
  const height = Math.round(width * ratio);
  const density = Math.min(window.devicePixelRatio || 1, 3);
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.scale(density, density);
  const box = {
    left: MARGIN.left, top: MARGIN.top,
    width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom,
  };
  return { context, box };
}

function drawAxes(context, box, x, y) {
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colourOf("--soft");
  context.strokeStyle = colourOf("--grey");
  context.lineWidth = 1;
  context.strokeRect(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1);
  const bottom = box.top + box.height;
  context.textAlign = "center";
  context.textBaseline = "top";
  const [across, up] = [marksOf(x), marksOf(y)];
  for (const [value, label] of across.marks) {
    const at = box.left + (box.width * (value - x.low)) / (x.high - x.low);
    context.fillRect(at - 0.5, bottom, 1, 4);
    context.fillText(label, at, bottom + 6);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [value, label] of up.marks) {
    const at = bottom - (box.height * (value - y.low)) / (y.high - y.low);
    context.fillRect(box.left - 4, at - 0.5, 4, 1);
    context.fillText(label, box.left - 7, at);
  }
  context.font = "italic 13px system-ui, sans-serif";
  context.fillStyle = colourOf("--ink");
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(across.name, box.left + box.width / 2, bottom + MARGIN.bottom - 1);
  context.save();
  context.translate(12, box.top + box.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(up.name, 0, 0);
  context.restore();
}

// A picture of values (rows, columns), rows from the bottom up.
function drawPlane(canvas, x, y, values, scale, map) {
  const picture = document.createElement("canvas");
  picture.width = x.points;
  picture.height = y.points;
  const pixels = new ImageData(x.points, y.points);
  const width = scale.high - scale.low || 1;
  for (let row = 0; row < y.points; row++) {
    for (let column = 0; column < x.points; column++) {
      const value = values[row * x.points + column];
      const at = 4 * ((y.points - 1 - row) * x.points + column);
      if (Number.isNaN(value)) continue;
      const share = Math.min(1, Math.max(0, (value - scale.low) / width));
      const [red, green, blue] = map[Math.round(share * (map.length - 1))];
      pixels.data.set([red, green, blue, 255], at);
    }
  }
  picture.getContext("2d").putImageData(pixels, 0, 0);
  const { context, box } = prepared(canvas, 0.86);
  context.fillStyle = colourOf("--hole");
  context.fillRect(box.left, box.top, box.width, box.height);
  // Grid points lie on the edges of the box, in the middle of the pixels of the picture.
  context.imageSmoothingQuality = "high";
  context.drawImage(
    picture, 0.5, 0.5, x.points - 1, y.points - 1, box.left, box.top, box.width, box.height,
  );
  drawAxes(context, box, x, y);
  return box;
}

// Curves over one variable: [{values, colour, dashed}].
function drawLines(canvas, x, y, curves) {
  const { context, box } = prepared(canvas, 0.7);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width, box.height);
  context.clip();
  for (const { values, colour, dashed } of curves) {
    context.beginPath();
    context.strokeStyle = colourOf(colour);
    context.lineWidth = 2;
    context.setLineDash(dashed ? [7, 5] : []);
    let drawing = false;
    values.forEach((value, i) => {
      if (Number.isNaN(value)) { drawing = false; return; }
      const across = box.left + (box.width * i) / (x.points - 1);
      const up = box.top + box.height * (1 - (value - y.low) / (y.high - y.low));
      if (drawing) context.lineTo(across, up); else context.moveTo(across, up);
      drawing = true;
    });
    context.stroke();
  }
  context.restore();
  drawAxes(context, box, x, y);
  return box;
}

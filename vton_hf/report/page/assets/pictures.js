// Each row has one picture, a strip of its three images side by side; blocks of strips follow this script in the file.
const BLOCKS = new Map();

function strips(kind, block) {
  const name = `${kind}-${block}`;
  if (!BLOCKS.has(name)) {
    const holder = byId(name);
    if (!holder) return null; // still being read
    BLOCKS.set(name, holder.textContent.split("\n"));
    holder.remove();
  }
  return BLOCKS.get(name);
}

function source(kind, place) {
  const starts = DATA[kind].starts;
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= place) low = middle;
    else high = middle - 1;
  }
  const lines = strips(kind, low);
  return lines && `data:image/webp;base64,${lines[place - starts[low]]}`;
}

const EFFECT_OF = new Map(DATA.effects.rows.map((row, place) => [row, place]));
const hasEffect = (row) => EFFECT_OF.has(row);

// Where the images of a strip begin and end, and how high it is.
function measures(kind, row) {
  const place = kind === "effects" ? EFFECT_OF.get(row) : row;
  const [height, ...widths] = DATA.shapes[DATA[kind].shape[place]];
  return { place, height, widths, total: widths.reduce((sum, width) => sum + width, 0) };
}

const SEEN = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting && show(entry.target)) SEEN.unobserve(entry.target);
  }
}, { rootMargin: "600px" });

function show(cells) {
  const { kind, place } = cells.dataset;
  const url = source(kind, Number(place));
  if (url) cells.querySelectorAll("img").forEach((image) => { image.src = url; });
  return Boolean(url);
}
// What was wanted before its block was read.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".cells").forEach((cells) => { SEEN.unobserve(cells); SEEN.observe(cells); });
});

function cell(kind, row, role, at) {
  const { widths, total, height } = measures(kind, row);
  const start = widths.slice(0, role).reduce((sum, width) => sum + width, 0);
  const image = element("img", { alt: `${ROLES[role]} of ${ROWS.stem[row]}`, draggable: "false", decoding: "async" });
  image.style.width = `${(100 * total) / widths[role]}%`;
  image.style.left = `${(-100 * start) / widths[role]}%`;
  const made = element("div", { class: `cell ${at || ""}` }, image);
  made.style.flexGrow = widths[role];
  made.style.aspectRatio = `${widths[role]} / ${height}`;
  return made;
}

// Some images of a row side by side, of which pixels are made when they come into sight.
function cells(kind, row, roles = [0, 1, 2]) {
  const { place } = measures(kind, row);
  const made = element("div", { class: "cells", "data-kind": kind, "data-place": place });
  made.append(...roles.map((role) => cell(kind, row, role)));
  SEEN.observe(made);
  return made;
}

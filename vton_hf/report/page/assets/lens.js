// One triplet, large: person and target on top of each other, swiped with a slider.
const lens = byId("lens");
let lensOf = null;

function openLens(grid) {
  lensOf = grid;
  drawLens();
  if (!lens.open) lens.showModal();
}

function stage(row) {
  const { widths, height } = measures("strips", row);
  const wide = Math.max(widths[0], widths[2]);
  const layer = (role, name) => {
    const made = cells("strips", row, [role]);
    made.style.width = `${(100 * widths[role]) / wide}%`;
    return element("div", { class: `layer ${name}` }, made);
  };
  const range = element("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "from person to target" });
  const line = element("div", { class: "swipe" });
  const box = element("div", { class: "stage" }, layer(0, "person"), layer(2, "target"), line);
  box.style.aspectRatio = `${wide} / ${height}`;
  box.style.setProperty("--most", wide / height);
  const draw = () => box.style.setProperty("--at", `${range.value}%`);
  const drag = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const { left, width } = box.getBoundingClientRect();
    range.value = (100 * (event.clientX - left)) / width;
    draw();
  };
  range.addEventListener("input", draw);
  box.addEventListener("pointerdown", (event) => { box.setPointerCapture(event.pointerId); drag(event); });
  box.addEventListener("pointermove", drag);
  draw();
  const flip = () => { range.value = Number(range.value) > 50 ? 0 : 100; draw(); };
  return { flip, made: element("div", { class: "lens-stage" }, box, element("div", { class: "ends" }, element("span", {}, "person"), range, element("span", {}, "try-on"))) };
}

let flipStage = () => {};

function drawLens() {
  const row = lensOf.selected;
  const { made, flip } = stage(row);
  flipStage = flip;
  const button = (label, title, action) => element("button", { type: "button", title, onclick: action }, label);
  const place = lensOf.page * lensOf.size + lensOf.at + 1;
  const lines = ROLES.map((role, index) => element(
    "tr", {}, element("th", { class: "line" }, role), element("td", { class: "line" }, pixels(row, index)), element("td", { class: "line" }, bytes(ROWS.bytes[index][row])),
    element("td", { class: "key" }, uri(row, index)),
  ));
  const found = FINDINGS[row].map((one) => element("li", {}, sign(one.severity, one.check), ` ${one.message}`));
  const stored = coded(ROWS.measured_on, row);
  lens.replaceChildren(
    element(
      "div",
      { class: "lens-top" },
      element("h2", { tabindex: "-1", autofocus: true }, ROWS.stem[row]),
      badge(row),
      element("span", { class: "small" }, `${number(place)} of ${number(lensOf.list.length)}`),
      button("‹", "the one before (←)", () => moveLens(-1)),
      button("›", "the next (→)", () => moveLens(1)),
      markButton(row),
      button("Close", "close (Esc)", () => lens.close()),
    ),
    element("div", { class: "lens-body" }, made, element(
      "div",
      { class: "lens-side" },
      element("p", { class: "small" }, "garment"),
      cells("strips", row, [1]),
      hasEffect(row) ? [element("p", { class: "small" }, "after the transform"), cells("effects", row)] : null,
      element("p", { class: "key" }, ROWS.key[row]),
      element("p", {}, `${facts(row)} · ${bytes(weight(row))}`),
      found.length ? element("ul", { class: "plain" }, found) : element("p", {}, "Nothing was found."),
      element("div", { class: "scroll" }, element("table", {}, element("tbody", {}, lines))),
      stored && stored !== "original" ? element("p", { class: "small" }, `Pixels were measured as a cache stores them: ${stored}.`) : null,
      measures("strips", row).height < Math.min(100, ROWS.height[2][row]) ? element("p", { class: "small" }, "Of this triplet the page holds a small picture only.") : null,
    )),
  );
}

function moveLens(by) {
  lensOf.move(by);
  drawLens();
  lens.querySelector("h2").focus();
}

LISTENERS.push(() => { if (lens.open) lens.querySelectorAll(".mark").forEach((made) => made.redraw()); });
lens.addEventListener("click", (event) => { if (event.target === lens) lens.close(); });
lens.addEventListener("close", () => lensOf.select(lensOf.at));

function lensKey(key) {
  if (key === "ArrowLeft") moveLens(-1);
  else if (key === "ArrowRight") moveLens(1);
  else if (key === " ") flipStage();
  else if (key === "x") mark([lensOf.selected], !isMarked(lensOf.selected));
  else return false;
  return true;
}

// One triplet as a card: its images, what it is, what was found.
function sign(severity, text) {
  return element("span", { class: `sign ${severity}`, title: severity }, `${SIGNS[severity]} ${text || severity}`);
}

function badge(row) {
  const name = difficulty(row);
  const level = Math.max(0, DATA.difficulties.indexOf(name)) + 1;
  const steps = DATA.difficulties.map((_, place) => element("i", { class: place < level ? "full" : "" }));
  return element("span", { class: `badge ${name}` }, element("span", { class: "level", "aria-hidden": "true" }, steps), ` ${name}`);
}

function markButton(row) {
  const button = element("button", { type: "button", class: "mark", tabindex: "-1" });
  const draw = () => {
    button.setAttribute("aria-pressed", isMarked(row));
    button.textContent = isMarked(row) ? "✕ left out" : "leave out";
  };
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    mark([row], !isMarked(row));
  });
  button.redraw = draw;
  draw();
  return button;
}

function facts(row) {
  const parts = [gender(row), garment(row), pixels(row, 2)];
  return parts.filter(Boolean).join(" · ");
}

// What was found, each check once and as bad as it is there.
function foundIn(row) {
  const first = new Map();
  for (const one of FINDINGS[row]) {
    if (!first.has(one.check)) first.set(one.check, { ...one, messages: [] });
    first.get(one.check).messages.push(one.message);
  }
  return [...first.values()].map((one) => element("li", { title: one.messages.join("\n") }, sign(one.severity, one.check)));
}

function card(row, note) {
  const images = element("div", { class: "pictures" }, cells("strips", row));
  if (hasEffect(row)) images.append(element("p", { class: "small" }, "after the transform"), cells("effects", row));
  const found = foundIn(row);
  const made = element(
    "article",
    { class: "card", tabindex: "-1", "data-row": row, "aria-label": `${ROWS.key[row]}` },
    images,
    element(
      "div",
      { class: "caption" },
      element("h3", { title: ROWS.key[row] }, ROWS.stem[row]),
      markButton(row),
      element("p", {}, badge(row), " ", facts(row)),
      note ? element("p", { class: "note-line" }, note) : null,
      found.length ? element("ul", { class: "found" }, found) : null,
    ),
  );
  made.redraw = () => {
    made.classList.toggle("marked", isMarked(row));
    made.querySelector(".mark").redraw();
  };
  made.redraw();
  return made;
}

// One check at a time: its worst cases, and what another threshold would find.
const cases = new Grid(element("div"), { size: 24, empty: "Nothing at this threshold." });
let current = null;

// Whether a candidate is found at a threshold.
function isFound(check, onset, threshold) {
  if (onset === null || (onset === threshold && check.slider.inclusive)) return true;
  return check.below ? onset < threshold : onset > threshold;
}

// The candidates of a check, the worst first: what is found at any threshold stands before all others.
function ordered(check) {
  if (!check.slider) {
    return FINDINGS.flat().filter((one) => one.check === check.name)
      .map((one) => ({ ...one, onset: null, text: one.message }));
  }
  const { row, onset, severity, message } = check.slider.candidates;
  const all = row.map((each, place) => ({
    row: each, onset: onset[place], severity: SEVERITIES[severity[place]], text: DATA.messages[message[place]],
  }));
  if (!check.slider.thresholds.length) return all; // copies of an image, which belong side by side
  const sortable = (value) => (value === null ? -Infinity : (check.below ? value : -value));
  return all.sort((a, b) => sortable(a.onset) - sortable(b.onset));
}

// Of those, what would be left out: notes only where the check gives nothing worse.
const counted = (check, list) => list.filter((one) => check.severity === "note" || one.severity !== "note");
const distinct = (list) => [...new Set(list.map((one) => one.row))];

function drawChecks() {
  const lines = DATA.checks.map((check) => element(
    "button",
    { type: "button", class: check.total ? "" : "nothing", "data-check": check.name, onclick: () => openCheck(check.name) },
    sign(check.severity, check.name),
    element("span", { class: "count" }, number(check.triplets || check.total)),
  ));
  const others = DATA.others.length
    ? [element("button", { type: "button", "data-check": "", onclick: () => openCheck("") }, sign(LOST ? "warning" : "note", "unused keys"), element("span", { class: "count" }, LOST ? number(LOST) : ""))]
    : [];
  byId("checks").replaceChildren(...others, ...lines);
  if (!lines.length && !others.length) byId("checks").append(element("p", { class: "empty" }, "Nothing was found."));
}

function openCheck(name) {
  location.hash = name ? `findings=${name}` : "findings=keys";
}

function showCheck(name) {
  const check = CHECKS.get(name);
  current = name;
  byId("checks").querySelectorAll("button").forEach((button) => {
    const isIt = button.dataset.check === (check ? name : "");
    button.setAttribute("aria-current", isIt);
    if (isIt) byId("checks").scrollTo({ left: button.offsetLeft - byId("checks").offsetLeft });
  });
  if (!check) {
    byId("check").replaceChildren(...(DATA.others.length ? otherKeys() : []));
    return;
  }
  const list = ordered(check);
  byId("check").replaceChildren(
    element("h2", {}, sign(check.severity, check.name)),
    element("p", {}, `${check.finds[0].toUpperCase()}${check.finds.slice(1)}. `, element("strong", {}, check.advice)),
    element("p", { class: "small" }, howMany(check)),
    ...controls(check, list),
    cases.holder,
  );
}

function howMany(check) {
  const of = SEVERITIES.map((severity, place) => [check.counts[place], severity]).filter(([count]) => count);
  const texts = of.map(([count, severity]) => plural(count, severity)).join(", ");
  const where = DATA.shown < DATA.looked_at ? " among all that were looked at; the page holds the worst of them" : "";
  return texts ? `${texts}${where}.` : "Nothing at the threshold that was asked for.";
}

function controls(check, list) {
  const summary = element("output", { class: "summary" });
  const buttons = element("div", { class: "buttons" });
  const show = (threshold) => {
    const found = list.filter((one) => threshold === null || isFound(check, one.onset, threshold));
    const rows = distinct(counted(check, found));
    const texts = new Map([...found].reverse().map((one) => [one.row, `${SIGNS[one.severity]} ${one.text}`]));
    const reasons = new Map(found.map((one) => [one.row, `${check.name}: ${one.text}`]));
    cases.show(distinct(found), (row) => texts.get(row));
    buttons.replaceChildren(
      element("button", { type: "button", class: "primary", disabled: !rows.length, onclick: () => mark(rows, true, reasons) }, `Leave out ${plural(rows.length, "triplet")}`),
      element("button", { type: "button", disabled: !rows.length, onclick: () => mark(rows, false) }, "Keep them"),
    );
    return rows.length;
  };
  if (!check.slider || !check.slider.thresholds.length) {
    show(null);
    return [buttons];
  }
  return [...slider(check, summary, show), buttons];
}

function slider(check, summary, show) {
  const { thresholds, counts } = check.slider;
  const asked = thresholds.reduce((best, value, place) => (
    Math.abs(value - check.threshold) < Math.abs(thresholds[best] - check.threshold) ? place : best), 0);
  const range = element("input", { type: "range", min: 0, max: thresholds.length - 1, value: asked, step: 1, "aria-label": `threshold of ${check.name}` });
  const line = curve(counts);
  const same = element("code");
  const draw = () => {
    const place = Number(range.value);
    const shown = show(thresholds[place]);
    const more = shown < counts[place] ? ` (${number(shown)} of them on this page)` : "";
    summary.textContent = `${side(check)} ${rough(thresholds[place])} (${check.unit}): ${plural(counts[place], "triplet")} would be left out${more}`;
    range.setAttribute("aria-valuetext", summary.textContent);
    same.textContent = `--threshold ${check.name}=${Number(thresholds[place].toPrecision(6))}`;
    line.here(place);
  };
  range.addEventListener("input", draw);
  draw();
  const reset = element("button", { type: "button", onclick: () => { range.value = asked; draw(); } }, `Back to ${rough(check.threshold)}`);
  return [
    element("div", { class: "slider" }, line.picture, range),
    element("div", { class: "buttons" }, summary, reset),
    element("p", { class: "small" }, "The same on the command line: ", same),
  ];
}

function side(check) {
  if (check.slider.inclusive) return check.below ? "at most" : "at least";
  return check.below ? "below" : "above";
}

// How many triplets each threshold finds, above the slider.
function curve(counts) {
  const most = Math.max(...counts, 1);
  const bars = counts.map((count) => {
    const bar = element("i");
    bar.style.height = count ? `${Math.max(4, (100 * count) / most)}%` : "0";
    return bar;
  });
  const here = (at) => bars.forEach((bar, place) => bar.classList.toggle("here", place === at));
  return { picture: element("div", { class: "curve", "aria-hidden": "true" }, bars), here };
}

function otherKeys() {
  const reasons = [...new Set(DATA.others.map((one) => one.check))];
  const rows = (reason) => DATA.others.filter((one) => one.check === reason).map((one) => element(
    "tr", {}, element("td", { class: "key" }, one.uri), element("td", {}, one.message),
  ));
  const groups = reasons.map((reason) => {
    const of = DATA.left_out.find((one) => one.reason === reason) || { count: rows(reason).length, triplets: 0, means: "" };
    const title = `${reason}: ${plural(of.count, "key")}${of.triplets ? `, ${plural(of.triplets, "triplet")}` : ""}`;
    return element(
      "details", { open: of.triplets > 0 }, element("summary", {}, title), element("p", { class: "small" }, of.means),
      element("div", { class: "scroll" }, element("table", {}, element("tbody", {}, rows(reason)))),
    );
  });
  const more = DATA.others_total > DATA.others.length ? `The first ${number(DATA.others.length)} of ${number(DATA.others_total)}; vton-hf scan --list has all.` : "";
  return [
    element("h2", {}, LOST ? `${plural(LOST, "triplet")} that cannot be used` : "Keys that belong to no triplet"),
    ...DATA.mending.map((text) => element("p", { class: "mending" }, text)),
    ...(more ? [element("p", { class: "small" }, more)] : []),
    ...groups,
  ];
}

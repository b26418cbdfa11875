// All triplets: searched, filtered, sorted.
const TEXTS = ROWS.key.map((key, row) => {
  const found = FINDINGS[row].map((one) => `${one.check} ${one.severity} ${one.message}`);
  const names = ROLES.map((_, role) => ROWS.uris[role][row]);
  return [key, difficulty(row), gender(row), garment(row), ...names, ...found].join(" ").toLowerCase();
});

const SORTS = {
  "as listed": null,
  "worst first": (a, b) => badness(a) - badness(b) || FINDINGS[b].length - FINDINGS[a].length,
  name: (a, b) => (ROWS.stem[a] < ROWS.stem[b] ? -1 : Number(ROWS.stem[a] > ROWS.stem[b])),
  "largest file first": (a, b) => weight(b) - weight(a),
  "most pixels first": (a, b) => ROWS.width[2][b] * ROWS.height[2][b] - ROWS.width[2][a] * ROWS.height[2][a],
  "fewest pixels first": (a, b) => ROWS.width[2][a] * ROWS.height[2][a] - ROWS.width[2][b] * ROWS.height[2][b],
};

const FILTERS = {
  difficulty: { any: "any difficulty", options: DATA.difficulties, test: (row, value) => difficulty(row) === value },
  gender: { any: "any gender", options: ROWS.gender.names, test: (row, value) => gender(row) === value },
  garment: { any: "any garment", options: [...ROWS.garment.names].sort(), test: (row, value) => garment(row) === value },
  findings: {
    any: "any findings",
    options: ["nothing found", "errors", "errors or warnings", "with a finding", ...DATA.checks.filter((check) => check.total).map((check) => check.name)],
    test: (row, value) => {
      const place = ["errors", "errors or warnings", "with a finding", "nothing found"].indexOf(value);
      if (place === 3) return !FINDINGS[row].length;
      return place >= 0 ? badness(row) <= place : FINDINGS[row].some((one) => one.check === value);
    },
  },
  list: { any: "listed or not", options: ["on the exclude list", "kept"], test: (row, value) => isMarked(row) === (value !== "kept") },
};

const triplets = new Grid(byId("triplet-grid"), { empty: noTriplet });

function noTriplet() {
  const words = wordsOf(byId("filters").elements.search.value);
  const keys = words.length ? DATA.others.filter((one) => words.every((word) => word.test(`${one.uri} ${one.message}`.toLowerCase()))).length : 0;
  if (!keys) return ["No triplet fits. Take a filter away."];
  return ["No triplet fits, but ", element("a", { href: "#findings=keys" }, `${plural(keys, "key")} that belong to none`), "."];
}

// Words are found where they begin, so that "male" is not "female"; digits anywhere.
function wordsOf(text) {
  const escaped = text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return escaped.map((word) => new RegExp(/^[a-z]/.test(word) ? `(?<![a-z])${word}` : word));
}

function chosenRows(form) {
  const words = wordsOf(form.elements.search.value);
  const active = Object.entries(FILTERS).filter(([name]) => form.elements[name] && form.elements[name].value);
  const rows = [];
  for (let row = 0; row < COUNT; row += 1) {
    if (words.every((word) => word.test(TEXTS[row]))
      && active.every(([name, filter]) => filter.test(row, form.elements[name].value))) rows.push(row);
  }
  const order = SORTS[form.elements.sort.value];
  return order ? rows.sort((a, b) => order(a, b) || a - b) : rows;
}

function drawFilters() {
  const form = byId("filters");
  const select = ([name, filter]) => {
    const known = filter.options.filter((option) => option !== "");
    if (known.length < 2) return null;
    const options = known.map((option) => element("option", { value: option }, option));
    return element("select", { name, "aria-label": name }, element("option", { value: "" }, filter.any), options);
  };
  form.append(
    element("button", { type: "button", class: "more", onclick: () => form.classList.toggle("open") }, "Filters"),
    element("input", { type: "search", name: "search", placeholder: "search  /", "aria-label": "search names and findings" }),
    ...Object.entries(FILTERS).map(select).filter(Boolean),
    element("select", { name: "sort", "aria-label": "sort" }, Object.keys(SORTS).map((name) => element("option", { value: name }, `sort: ${name}`))),
    element("button", { type: "reset" }, "Reset"),
  );
  const apply = () => triplets.show(chosenRows(form));
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

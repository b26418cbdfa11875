// What there is: the mix asked and got, the bucket, what was found, a few triplets.
const overview = byId("view-overview");

// A bar for each line; the second value, if there is one, is drawn as a mark; `most` fills the whole width.
function bars(lines, most = Math.max(...lines.map((line) => line.value), 1e-9)) {
  return element("div", { class: "bars" }, lines.map((line) => {
    const full = element("div", { class: `bar ${line.name}` });
    full.style.width = `${(100 * line.value) / most}%`;
    const track = element("div", { class: "track" }, full);
    if (line.mark !== undefined) {
      const tick = element("div", { class: "tick", title: "asked for" });
      tick.style.left = `${(100 * line.mark) / most}%`;
      track.append(tick);
    }
    return element("div", { class: "bar-line" }, element("span", { class: "bar-name" }, line.name), track, element("span", { class: "bar-text" }, line.text));
  }));
}

function panel(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}

function mixPanel() {
  const { mix } = DATA;
  if (!mix) return null;
  if (mix.error) return panel(`Mix ${mix.config}`, element("p", { class: "message" }, mix.error));
  const used = mix.shares.filter((share) => share.weight > 0 || share.got > 0);
  const lines = used.map((share) => ({
    name: share.difficulty,
    value: share.got / mix.rows,
    mark: share.weight,
    text: `${percent(share.got / mix.rows)} of rows, asked ${percent(share.weight)}`,
  }));
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ["", "triplets", "rows", "repeats", "coverage"].map((name) => element("th", {}, name)))),
    element("tbody", {}, used.map((share) => element("tr", {}, [
      share.difficulty, number(share.available), number(share.got), number(share.repeats), percent(share.coverage),
    ].map((text) => element("td", {}, text))))),
  );
  const repeats = used.filter((share) => share.repeats);
  const hint = repeats.length
    ? `Triplets of ${repeats.map((share) => share.difficulty).join(" and ")} stand several times in an epoch. epoch_size="min" is the longest mix without repeats.`
    : "No triplet stands twice in an epoch.";
  return panel(`Mix “${mix.config}”: ${plural(mix.rows, "row")} an epoch`, bars(lines, 1), table, element("p", { class: "small" }, hint));
}

function bucketPanel() {
  const lines = DATA.difficulties.map((name) => {
    const genders = DATA.bucket[name] || {};
    const total = Object.values(genders).reduce((sum, count) => sum + count, 0);
    const parts = Object.entries(genders).map(([each, count]) => `${number(count)} ${each || "not said"}`);
    return { name, value: total, text: total ? `${number(total)}: ${parts.join(", ")}` : "none" };
  });
  return panel(`${plural(DATA.total, "triplet")}, ${bytes(DATA.bytes)}`, bars(lines), lossesOf());
}

// What the listing left out, what that costs, and which names would bring it back.
function lossesOf() {
  if (!DATA.left_out.length) return null;
  const keys = plural(DATA.left_out.reduce((sum, one) => sum + one.count, 0), "key");
  const lines = DATA.left_out.map((one) => element("li", {}, `${one.reason}: ${plural(one.count, "key")}${one.triplets ? `, ${plural(one.triplets, "triplet")}` : ""}`));
  return element(
    "div",
    { class: "losses" },
    element("h3", {}, LOST ? `▲ ${plural(LOST, "triplet")} more cannot be used` : `${keys} belong to no triplet`),
    element("ul", {}, lines),
    ...DATA.mending.map((text) => element("p", { class: "mending" }, text)),
    element("p", { class: "small" }, element("a", { href: "#findings=keys" }, `See all ${keys}`)),
  );
}

function findingsPanel() {
  const found = DATA.checks.filter((check) => check.total);
  const line = (check) => element("li", {}, element("a", { href: `#findings=${check.name}` }, sign(check.severity, check.name)), ` ${number(check.triplets || check.total)} · ${check.finds}`);
  const worst = { error: "with errors", warning: "with warnings", note: "with notes alone" };
  const counts = SEVERITIES.map((severity) => sign(severity, `${number(DATA.severities[severity])} ${worst[severity]}`));
  const skipped = Object.entries(DATA.not_checked).map(([check, reason]) => element("li", {}, `${check}: ${reason}`));
  return panel(
    `What was found in ${plural(DATA.looked_at, "triplet")}`,
    element("p", { class: "counts" }, counts),
    found.length ? element("ul", { class: "plain" }, found.map(line)) : element("p", {}, "Nothing."),
    skipped.length ? element("details", {}, element("summary", {}, `${plural(skipped.length, "check")} not run`), element("ul", {}, skipped)) : null,
  );
}

function drawOverview() {
  overview.append(element("div", { class: "panels" }, mixPanel(), bucketPanel(), findingsPanel()));
  const examples = new Grid(overview, { size: 12 });
  examples.show(DATA.examples);
  return examples;
}

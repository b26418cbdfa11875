// Cards of a list of rows, one page at a time, with one of them selected.
const SIZES = [12, 24, 48, 96, 240];

class Grid {
  constructor(holder, { size = 48, empty = "Nothing here." } = {}) {
    Object.assign(this, { holder, size, empty, list: [], note: () => null, page: 0, at: 0 });
    this.line = element("div", { class: "pager" });
    this.cards = element("div", { class: "cards" });
    this.cards.addEventListener("click", (event) => {
      const found = event.target.closest(".card");
      if (!found) return;
      this.select([...this.cards.children].indexOf(found), false);
      if (event.target.closest(".pictures")) openLens(this);
    });
    this.cards.addEventListener("focusin", (event) => {
      const place = [...this.cards.children].indexOf(event.target.closest(".card"));
      if (place >= 0 && place !== this.at) this.select(place, false);
    });
    holder.append(this.line, this.cards);
    LISTENERS.push(() => [...this.cards.children].forEach((made) => made.redraw && made.redraw()));
  }

  show(list, note = () => null) {
    this.list = list;
    this.note = note;
    this.go(0);
  }

  get pages() { return Math.max(1, Math.ceil(this.list.length / this.size)); }
  get selected() { return this.list[this.page * this.size + this.at]; }

  go(page, at = 0) {
    this.page = Math.min(Math.max(page, 0), this.pages - 1);
    const start = this.page * this.size;
    const rows = this.list.slice(start, start + this.size);
    this.cards.replaceChildren(...rows.map((row) => card(row, this.note(row))));
    const empty = typeof this.empty === "function" ? this.empty() : [this.empty];
    if (!rows.length) this.cards.append(element("p", { class: "empty" }, ...empty));
    this.at = 0;
    this.select(at, false);
    this.drawLine(start, rows.length);
  }

  drawLine(start, shown) {
    const total = this.list.length;
    const text = total ? `${number(start + 1)} to ${number(start + shown)} of ${plural(total, "triplet")}` : "no triplets";
    const turn = (label, page, title) => element(
      "button", { type: "button", title, disabled: page < 0 || page >= this.pages, onclick: () => this.turn(page) }, label,
    );
    const sizes = SIZES.map((size) => element("option", { value: size, selected: size === this.size }, `${size} a page`));
    const choice = element("select", { "aria-label": "triplets a page", onchange: (event) => this.resize(event.target.value) }, sizes);
    const several = [
      turn("‹", this.page - 1, "previous page (p)"),
      element("span", {}, `page ${number(this.page + 1)} of ${number(this.pages)}`),
      turn("›", this.page + 1, "next page (n)"),
    ];
    const needed = total > SIZES[0];
    this.line.replaceChildren(element("span", { class: "shown" }, text), ...(this.pages > 1 ? several : []), ...(needed ? [choice] : []));
  }

  turn(page) {
    if (page < 0 || page >= this.pages) return;
    this.go(page);
    this.holder.parentElement.scrollIntoView({ block: "start" });
  }

  resize(size) {
    const first = this.page * this.size;
    this.size = Number(size);
    this.go(Math.floor(first / this.size));
  }

  select(at, focus = true) {
    const made = this.cards.querySelectorAll(".card");
    if (!made.length) return;
    const before = made[this.at];
    this.at = Math.min(Math.max(at, 0), made.length - 1);
    const chosen = made[this.at];
    before.tabIndex = -1;
    before.classList.remove("selected");
    chosen.tabIndex = 0;
    chosen.classList.add("selected");
    if (focus) {
      chosen.focus({ preventScroll: true });
      chosen.scrollIntoView({ block: "nearest" });
    }
  }

  // Moves by so many triplets, over the end of a page to the next.
  move(by) {
    const place = this.page * this.size + this.at + by;
    if (place < 0 || place >= this.list.length) return;
    const page = Math.floor(place / this.size);
    if (page !== this.page) this.go(page, place % this.size);
    this.select(place % this.size);
  }

  get columns() {
    const tops = [...this.cards.children].map((made) => made.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  key(key) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns };
    if (key in steps) this.move(steps[key]);
    else if (key === "n") this.turn(this.page + 1);
    else if (key === "p") this.turn(this.page - 1);
    else if (key === "Enter" && this.list.length) openLens(this);
    else if (key === "x" && this.selected !== undefined) mark([this.selected], !isMarked(this.selected));
    else return false;
    return true;
  }
}

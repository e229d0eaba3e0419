"use strict";
// The grid of series: filters, pages and cards. Only one page of it is ever here.

catView.card = (card) => {
  const { el } = catView;
  const strip = card.strip.map(({ frame, label }) =>
    el("span", { class: "state-of" }, catView.thumbnail(card, frame, label), el("span", { class: "small" }, label)),
  );
  const flags = card.flags ? el("span", { class: "chip warn" }, catView.counted(card.flags, "flag")) : null;
  return el(
    "li",
    { class: "card" },
    el(
      "a",
      { href: `#${new URLSearchParams({ series: card.id })}` },
      el("span", { class: "triple" }, ...strip),
      el("span", { class: "title" }, card.id),
      el("span", { class: "quiet" }, `${card.object} · ${card.nouns.join(", ")}`),
      el("span", { class: "chips" }, el("span", { class: "chip" }, card.split), el("span", { class: "chip" }, catView.counted(card.frames, "frame")), flags),
    ),
  );
};

catView.Grid = class {
  constructor(dataset, onchange) {
    this.form = document.getElementById("filters");
    this.fields = Object.fromEntries(["text", "attribute", "split", "flagged"].map((id) => [id, document.getElementById(id)]));
    this.dataset = dataset;
    this.onchange = onchange;
    this.turn = 0;
    this.fill();
    let waiting;
    this.fields.text.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.changed(true), 200);
    });
    for (const name of ["attribute", "split", "flagged"]) this.fields[name].addEventListener("change", () => this.changed(false));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.changed(true);
    });
  }

  fill() {
    const { el } = catView;
    const option = (name, text, count) => el("option", { value: name }, `${text} (${count.toLocaleString("en")})`);
    const { attributes, splits, copy } = this.dataset;
    const series = copy ? copy.series : this.dataset.series;
    this.fields.attribute.replaceChildren(option("", "All", series), ...attributes.map((one) => option(one.name, one.noun, one.series)));
    this.fields.split.replaceChildren(option("", "All", series), ...splits.map((one) => option(one.name, one.name, one.series)));
  }

  changed(typing) {
    const { text, attribute, split, flagged } = this.fields;
    this.onchange({ text: text.value.trim(), attribute: attribute.value, split: split.value, flagged: flagged.checked ? "1" : "", page: 0 }, typing);
  }

  /** Show what `query` (text, attribute, split, flagged, page) asks for. */
  async show(query) {
    const { text, attribute, split, flagged } = this.fields;
    if (document.activeElement !== text) text.value = query.text;
    attribute.value = query.attribute;
    split.value = query.split;
    flagged.checked = Boolean(query.flagged);
    const turn = (this.turn += 1);
    const found = await catView.source.list(query);
    if (turn !== this.turn) return;
    document.getElementById("cards").replaceChildren(...found.cards.map(catView.card));
    document.getElementById("count").textContent = catView.counted(found.total, "series", "series");
    const empty = document.getElementById("empty");
    empty.hidden = found.cards.length > 0;
    empty.textContent = found.total ? "There is no such page." : "No series is like that. Take a filter away.";
    this.page(query, Math.max(1, Math.ceil(found.total / found.size)));
  }

  page(query, pages) {
    const { el } = catView;
    const step = (page, text, label) =>
      el("button", { type: "button", class: "plain", "aria-label": label, disabled: page < 0 || page >= pages, onclick: () => this.turnTo(query, page) }, text);
    const nav = document.getElementById("pager");
    nav.hidden = pages < 2;
    const place = el("span", { class: "quiet" }, `${(query.page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`);
    nav.replaceChildren(
      step(query.page === 0 ? -1 : 0, "«", "First page"),
      step(query.page - 1, "‹", "Previous page"),
      place,
      step(query.page + 1, "›", "Next page"),
      step(query.page === pages - 1 ? pages : pages - 1, "»", "Last page"),
    );
  }

  turnTo(query, page) {
    this.onchange({ ...query, page }, false);
    window.scrollTo(0, 0);
  }
};

"use strict";
// What moves through a series: sliders for a state, a strip of small pictures, and the choice of mode.

/**
 * Sliders for one chosen frame. A series that varies one attribute has one slider through its frames, in order; one that
 * varies several has a slider for each through the values it takes, and the nearest state is chosen.
 */
catView.Sliders = class {
  constructor(series, letter, onchange) {
    const { el } = catView;
    this.series = series;
    this.at = 0;
    this.rows = series.attributes.map((attribute) => {
      const levels = this.levels(attribute);
      const range = el("input", { type: "range", min: "0", max: String(levels.length - 1), step: "1", "data-attribute": attribute.name });
      const output = el("output");
      range.addEventListener("input", () => onchange(this.chosen(attribute, levels, Number(range.value))));
      const label = el("label", { class: "slider" }, el("span", { class: "name" }, attribute.noun), range, output);
      return { attribute, levels, range, output, label };
    });
    const rows = el("div", { class: "rows" }, ...this.rows.map(({ label }) => label));
    this.node = el("div", { class: "state", role: "group", "aria-label": letter }, el("span", { class: "letter", "aria-hidden": "true" }, letter), rows);
  }

  get several() {
    return this.series.attributes.length > 1;
  }

  levels({ name }) {
    const { coordinate } = this.series.values[name];
    if (!this.several) return coordinate;
    return [...new Set(coordinate)].sort((one, other) => one - other);
  }

  chosen(attribute, levels, position) {
    if (!this.several) return position;
    const wanted = {};
    for (const { name } of this.series.attributes) wanted[name] = this.series.values[name].coordinate[this.at];
    wanted[attribute.name] = levels[position];
    return catView.nearest(this.series, wanted, attribute.name);
  }

  set(at) {
    this.at = at;
    for (const { attribute, levels, range, output } of this.rows) {
      const { coordinate, text } = this.series.values[attribute.name];
      range.value = this.several ? levels.indexOf(coordinate[at]) : at;
      range.setAttribute("aria-valuetext", text[at]);
      output.textContent = text[at];
    }
  }
};

/** Up to nine frames from the first to the last, as buttons. */
catView.Strip = class {
  constructor(series, onpick, onfault) {
    const { el } = catView;
    this.places = catView.evenly(series.frames.frame.length, 9);
    this.buttons = this.places.map((at) => {
      const label = catView.label(series, at);
      const picture = catView.thumbnail(series, series.frames.frame[at], "", (message) => onfault(at, message));
      return el("button", { type: "button", title: label, "aria-label": label, onclick: () => onpick(at) }, picture);
    });
    this.node = el("div", { class: "strip", role: "group", "aria-label": "Frames" }, ...this.buttons);
  }

  set(at) {
    const nearest = this.places.reduce((best, place) => (Math.abs(place - at) < Math.abs(best - at) ? place : best));
    this.buttons.forEach((button, number) => button.setAttribute("aria-current", String(this.places[number] === nearest)));
  }
};

/** A row of exclusive choices. */
catView.segments = (name, label, choices, onpick) => {
  const { el } = catView;
  const inputs = choices.map(([value, text]) => {
    const input = el("input", { type: "radio", name, value, onchange: () => onpick(value) });
    return el("label", {}, input, el("span", {}, text));
  });
  return el("div", { class: "segments", role: "radiogroup", "aria-label": label }, ...inputs);
};

"use strict";
// The page of one series.

catView.SeriesPage = class {
  /** `state` may hold mode, a, b (numbers in the series' order) and gain, as texts from the address. */
  constructor(series, state, back) {
    const { el } = catView;
    this.series = series;
    this.count = series.frames.frame.length;
    this.mode = catView.MODES.some(([mode]) => mode === state.mode) ? state.mode : "frame";
    this.a = this.place(state.a, 0);
    this.b = this.place(state.b, Math.floor(this.count / 2));
    this.flags = series.flags.map((flag) => ({ ...flag, at: flag.frame === null ? null : series.frames.frame.indexOf(flag.frame) }));

    const fault = (at, message) => this.note(at, message);
    const pick = (at) => this.move("b", at);
    this.stage = new catView.Stage(series, fault);
    this.sliders = {
      a: new catView.Sliders(series, "A", (at) => this.move("a", at)),
      b: new catView.Sliders(series, "B", pick),
    };
    this.states = el("div", { class: "states" }, this.sliders.a.node, this.sliders.b.node);
    this.strip = new catView.Strip(series, pick, fault);
    this.table = catView.frameTable(series, pick);
    this.modes = catView.segments("mode", "What is shown", catView.MODES, (mode) => {
      this.mode = mode;
      this.update();
    });
    const gains = catView.GAINS.map((gain) => el("option", { value: gain }, `× ${gain}`));
    this.gain = el("select", { id: "gain", onchange: () => this.update() }, ...gains);
    this.gain.value = catView.GAINS.includes(Number(state.gain)) ? state.gain : "4";
    this.amplify = el("label", { class: "field inline" }, el("span", {}, "Amplify"), this.gain);
    this.swap = el("button", { type: "button", class: "plain", onclick: () => this.exchange() }, "Swap A and B");
    this.side = { edit: el("div"), frame: el("div"), flags: el("div") };
    this.node = this.build(back);
    this.update();
    this.showFlags();
  }

  place(text, otherwise) {
    const number = Number(text ?? NaN);
    return Number.isInteger(number) && number >= 0 && number < this.count ? number : otherwise;
  }

  build(back) {
    const { el } = catView;
    const { series } = this;
    const { width, height } = series.frames;
    const about = [series.object, `${series.split} split`, `${catView.counted(this.count, "frame")} of ${width[0]} × ${height[0]}`];
    return el(
      "div",
      { class: "series" },
      el("nav", { class: "crumbs", "aria-label": "Back" }, el("a", { href: back, id: "back" }, "← All series")),
      el("h1", { tabindex: "-1" }, series.id),
      el("p", { class: "quiet" }, about.join(" · ")),
      el(
        "div",
        { class: "work" },
        el(
          "section",
          { class: "look", "aria-label": "Pictures" },
          el("div", { class: "tools" }, this.modes, this.amplify, this.swap),
          this.stage.node,
          this.states,
          this.strip.node,
          el("p", { class: "quiet small hint" }, "The arrow keys step through the frames, Home and End go to the ends, Escape goes back."),
        ),
        el("aside", {}, this.side.edit, this.side.frame, this.side.flags, catView.originPanel(series)),
      ),
      this.table.node,
      catView.jsonSection("Provenance", series.provenance),
      catView.jsonSection("Held constant", series.constants),
    );
  }

  get compares() {
    return this.mode !== "frame";
  }

  move(which, at) {
    this[which] = Math.max(0, Math.min(this.count - 1, at));
    this.update();
  }

  exchange() {
    [this.a, this.b] = [this.b, this.a];
    this.update();
  }

  update() {
    const { series, a, b, mode } = this;
    this.stage.gain = Number(this.gain.value);
    this.stage.show(mode, a, b);
    this.sliders.a.set(a);
    this.sliders.b.set(b);
    this.strip.set(b);
    this.table.mark(b);
    this.modes.querySelector(`[value=${mode}]`).checked = true;
    this.amplify.hidden = mode !== "difference";
    this.swap.hidden = !this.compares;
    this.sliders.a.node.hidden = !this.compares;
    this.states.classList.toggle("alone", !this.compares);
    this.side.edit.replaceChildren(...(this.compares ? [catView.editPanel(series, a, b)] : []));
    this.side.frame.replaceChildren(...(this.compares ? [] : [catView.framePanel(series, b)]));
    const address = new URLSearchParams({ series: series.id, b });
    if (this.compares) {
      address.set("mode", mode);
      address.set("a", a);
    }
    if (mode === "difference") address.set("gain", this.gain.value);
    history.replaceState(null, "", `#${address}`);
  }

  /** A picture that turned out damaged is a flag from then on. */
  note(at, message) {
    if (this.flags.some((flag) => flag.at === at && (flag.kind === "bytes" || flag.kind === "picture"))) return;
    this.flags.push({ at, frame: this.series.frames.frame[at], kind: "bytes", message });
    this.showFlags();
  }

  showFlags() {
    this.side.flags.replaceChildren(catView.flagPanel(this.flags, (at) => this.move("b", at)));
  }
};

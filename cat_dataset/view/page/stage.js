"use strict";
// The picture: one frame, a wipe between two, or their difference. Blending and amplification are CSS, which needs no
// access to pixels and so works from file:// as well.

catView.MODES = [
  ["frame", "Frame"],
  ["wipe", "Wipe"],
  ["difference", "Difference"],
];
catView.GAINS = [1, 2, 4, 8, 16, 32];

catView.Stage = class {
  /** `onfault(at, message)` hears of a picture that cannot be shown. */
  constructor(series, onfault) {
    const { el } = catView;
    this.series = series;
    this.onfault = onfault;
    this.shown = { a: null, b: null };
    this.faults = { a: "", b: "" };
    this.images = { a: el("img", { class: "a", draggable: "false" }), b: el("img", { class: "b", draggable: "false" }) };
    for (const layer of ["a", "b"]) {
      this.images[layer].addEventListener("load", () => this.settle(layer, ""));
      this.images[layer].addEventListener("error", () => this.explain(layer));
    }
    this.layers = el("div", { class: "layers" }, this.images.a, this.images.b);
    this.wipe = el("input", { class: "wipe", type: "range", min: "0", max: "100", step: "0.5", value: "50", "aria-label": "Wipe between A and B" });
    this.wipe.addEventListener("input", () => this.canvas.style.setProperty("--wipe", `${this.wipe.value}%`));
    this.tags = { a: el("span", { class: "tag a" }), b: el("span", { class: "tag b" }) };
    this.fault = el("div", { class: "fault", role: "alert", hidden: true });
    this.canvas = el("div", { class: "canvas" }, this.layers, this.wipe, el("div", { class: "handle" }), this.tags.a, this.tags.b, this.fault);
    this.canvas.style.setProperty("--ratio", series.frames.width[0] / series.frames.height[0]);
    this.caption = el("p", { class: "quiet small caption" });
    this.node = el("div", { class: "stage" }, this.canvas, this.caption);
    this.gain = 4;
  }

  set gain(factor) {
    this.canvas.style.setProperty("--gain", factor);
    this.factor = factor;
    this.caption.textContent = `|A − B| of the stored sRGB values, per channel${factor === 1 ? "" : `, × ${factor}`}`;
  }

  get gain() {
    return this.factor;
  }

  /** Show frames `a` and `b` (numbers in the series' order); `a` matters only where two are compared. */
  show(mode, a, b) {
    this.node.dataset.mode = mode;
    this.wipe.hidden = mode !== "wipe";
    this.load("b", b);
    if (mode === "frame") this.faults.a = "";
    else this.load("a", a);
    for (const [layer, at] of [["a", a], ["b", b]]) {
      const label = catView.label(this.series, at);
      this.tags[layer].textContent = `${layer.toUpperCase()}  ${label}`;
      this.images[layer].alt = `${this.series.object}, ${label}`;
    }
    this.report();
  }

  load(layer, at) {
    if (this.shown[layer] === at) return;
    this.shown[layer] = at;
    delete this.images[layer].dataset.ready;
    this.images[layer].src = catView.source.picture(this.series, this.series.frames.frame[at]);
  }

  async explain(layer) {
    const at = this.shown[layer];
    const message = await catView.source.fault(this.series, this.series.frames.frame[at]);
    if (this.shown[layer] === at) this.settle(layer, message);
  }

  settle(layer, message) {
    const at = this.shown[layer];
    this.faults[layer] = message;
    this.images[layer].classList.toggle("gone", Boolean(message));
    this.images[layer].dataset.ready = this.series.frames.frame[at];
    if (message) this.onfault(at, message);
    this.report();
  }

  report() {
    const compared = this.node.dataset.mode !== "frame";
    const lines = ["a", "b"]
      .filter((layer) => this.faults[layer])
      .map((layer) => catView.el("p", {}, `${compared ? `${layer.toUpperCase()}: ` : ""}${this.faults[layer]}`));
    this.fault.replaceChildren(catView.el("strong", {}, "This picture cannot be shown"), ...lines);
    this.fault.hidden = !lines.length;
    this.fault.classList.toggle("half", this.node.dataset.mode === "wipe" && lines.length === 1);
    this.fault.classList.toggle("left", Boolean(this.faults.a));
  }
};

/** The values of frame `at`, as one caption. */
catView.label = (series, at) => series.attributes.map(({ name }) => series.values[name].text[at]).join(", ");

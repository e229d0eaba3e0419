"use strict";
// What is known of a series, in words and tables.

catView.facts = (rows) =>
  catView.el(
    "dl",
    { class: "facts" },
    ...rows.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) => [
      catView.el("dt", {}, name),
      catView.el("dd", {}, value),
    ]),
  );

catView.panel = (title, ...children) => catView.el("section", { class: "panel" }, catView.el("h2", {}, title), ...children);

/** One frame. */
catView.framePanel = (series, at) => {
  const { frame, width, height, size, sha256, luminance } = series.frames;
  return catView.panel(
    `Frame ${frame[at]}`,
    catView.facts([
      ...series.attributes.map(({ name, noun }) => [noun, series.values[name].text[at]]),
      ["size", `${width[at]} × ${height[at]}, ${catView.bytes(size[at])}`],
      ["mean luminance", luminance[at] === null ? null : luminance[at].toPrecision(3)],
      ["sha256", catView.el("code", { title: sha256[at] }, `${sha256[at].slice(0, 16)}…`)],
    ]),
  );
};

/** The edit from A to B. */
catView.editPanel = (series, a, b) => {
  const { el } = catView;
  const { changes, sentence, relativeSentence } = catView.edit(series, a, b);
  const rows = changes.map(({ noun, from, to, delta, relative, encoded }) =>
    el(
      "div",
      { class: "change" },
      el("p", { class: "quiet" }, noun),
      el("p", { class: "delta" }, delta),
      el("p", {}, `${from} → ${to}${relative ? ` (${relative})` : ""}`),
      el("p", { class: "quiet" }, `the model sees ${encoded}`),
    ),
  );
  return catView.panel(
    "Edit from A to B",
    ...rows,
    el("blockquote", { class: "instruction" }, sentence),
    relativeSentence ? el("blockquote", { class: "instruction" }, relativeSentence) : null,
  );
};

/** Findings of cat-verify, and pictures that turned out damaged just now. */
catView.flagPanel = (flags, pick) => {
  const { el } = catView;
  if (!flags.length) return catView.panel("Flags", el("p", { class: "quiet" }, "None."));
  const items = flags.map(({ at, frame, kind, message }) =>
    el(
      "li",
      {},
      el("span", { class: "kind" }, kind),
      at === null ? null : el("button", { type: "button", class: "link", onclick: () => pick(at) }, `frame ${frame}`),
      el("span", {}, message),
    ),
  );
  return catView.panel("Flags", el("ul", { class: "flags" }, ...items));
};

/** Where it comes from. */
catView.originPanel = (series) =>
  catView.panel(
    "Origin",
    catView.facts([
      ["source", series.source],
      ...Object.entries(series.scene),
      ["licences", series.licences.join(", ")],
      ["shard", series.shard],
      ["series.json", catView.el("code", { class: "hash" }, series.digest)],
    ]),
  );

const ROWS = 200;

/** Every frame in a row; the first 200, and more when asked. */
catView.frameTable = (series, pick) => {
  const { el } = catView;
  const { frame, width, height, size, sha256, luminance } = series.frames;
  const lit = luminance.some((one) => one !== null);
  const heads = ["frame", ...series.attributes.map(({ noun }) => noun), "pixels", "bytes", ...(lit ? ["luminance"] : []), "sha256"];
  const body = el("tbody");
  const rows = [];
  const more = el("button", { type: "button", class: "plain", onclick: () => add() });
  const add = () => {
    const end = Math.min(rows.length + ROWS, frame.length);
    for (let at = rows.length; at < end; at += 1) {
      const cells = [
        el("button", { type: "button", class: "link", onclick: () => pick(at) }, String(frame[at])),
        ...series.attributes.map(({ name }) => series.values[name].text[at]),
        `${width[at]} × ${height[at]}`,
        size[at].toLocaleString("en"),
        ...(lit ? [luminance[at] === null ? "" : luminance[at].toPrecision(3)] : []),
        el("code", {}, sha256[at]),
      ];
      const row = el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
      rows.push(row);
      body.append(row);
    }
    more.hidden = end === frame.length;
    more.textContent = `Show more (${(frame.length - end).toLocaleString("en")} left)`;
  };
  add();
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))), body);
  const node = el("details", { class: "section", open: true }, el("summary", {}, "Frames"), el("div", { class: "scroll" }, table), more);
  const mark = (at) => rows.forEach((row, number) => row.classList.toggle("current", number === at));
  return { node, mark };
};

/** JSON text from the manifest, spread out; shown as it is where it cannot be read. */
catView.jsonSection = (title, text) => {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // as it is
  }
  return catView.el("details", { class: "section" }, catView.el("summary", {}, title), catView.el("pre", {}, shown));
};

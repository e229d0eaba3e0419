"use strict";
// What leads from one frame to another: changes in natural units, in the scale's units and as the model sees them, and
// the sentence. The registry and the sentences come from Python (cat_dataset.attributes, cat_dataset.instructions); here
// are only a subtraction and a number put into a sentence.

/** A change brought into (-period/2, period/2], as `Scale.wrap`. */
catView.wrap = (change, period) => {
  if (!period) return change;
  const half = period / 2;
  if (-half < change && change <= half) return change;
  let rest = (half - change) % period;
  if (rest < 0) rest += period;
  return half - rest;
};

/** A number as instructions spell it: the shortest digits that give the same number back, never an exponent. */
catView.spell = (number) => {
  const [mantissa, exponent] = String(number).split("e");
  if (exponent === undefined) return mantissa;
  const [whole, fraction = ""] = mantissa.replace("-", "").split(".");
  const shift = Number(exponent);
  const digits =
    shift < 0 ? `0.${"0".repeat(-shift - 1)}${whole}${fraction}` : `${whole}${fraction.padEnd(shift, "0")}`;
  return number < 0 ? `-${digits}` : digits;
};

/** A change as a caption: signed, two decimals. */
catView.signed = (change) => {
  const rounded = Math.round(change * 100) / 100;
  return `${rounded < 0 ? "" : "+"}${rounded === 0 ? 0 : rounded}`;
};

/** The instruction for a change; like the trainer's it says six digits (`cat_dataset.instructions.said`). */
catView.sentence = (words, exact) => {
  const change = Number(exact.toPrecision(6));
  if (change === 0) return words.none;
  const falls = change < 0;
  if (Math.abs(change) === 1) return falls ? words.minus_one : words.plus_one;
  return (falls ? words.falls : words.rises).replace("{}", () => catView.spell(Math.abs(change)));
};

/**
 * The edit from frame `a` to frame `b` of a series (numbers in its order).
 * Returns {changes: [{noun, from, to, delta, relative, encoded}], sentence, relativeSentence}.
 */
catView.edit = (series, a, b) => {
  const rounded = (step) => Number(step.toFixed(2)) + 0;
  const all = series.attributes.map((attribute) => {
    const { value, text, coordinate } = series.values[attribute.name];
    const delta = catView.wrap(value[b] - value[a], attribute.period);
    const step = catView.wrap(coordinate[b] - coordinate[a], attribute.period);
    const degree = attribute.symbol === "°";
    return {
      attribute,
      noun: attribute.noun,
      from: text[a],
      to: text[b],
      change: delta,
      step,
      delta: `${catView.signed(delta)}${degree ? "" : " "}${attribute.symbol.replace(/\/$/, "")}`.trim(),
      relative: attribute.relative ? `${catView.signed(step)} ${attribute.scale_unit}${Math.abs(rounded(step)) === 1 ? "" : "s"}` : null,
      encoded: catView.signed(step / attribute.span),
    };
  });
  const changed = all.filter(({ change }) => change !== 0);
  const said = changed.length ? changed : all.slice(0, 1);
  return {
    changes: all,
    sentence: said.map(({ attribute, change }) => catView.sentence(attribute.natural, change)).join("; "),
    relativeSentence: said.some(({ attribute }) => attribute.relative)
      ? said.map(({ attribute, change, step }) => (attribute.relative ? catView.sentence(attribute.relative, rounded(step)) : catView.sentence(attribute.natural, change))).join("; ")
      : null,
  };
};

/**
 * The frame nearest to a wanted state. `wanted` has a coordinate per attribute; the attribute `first` is met before the
 * others count. Distances are in spans, so that stops and degrees can be added.
 */
catView.nearest = (series, wanted, first) => {
  let best = 0;
  let least = [Infinity, Infinity];
  for (let at = 0; at < series.frames.frame.length; at += 1) {
    let own = 0;
    let others = 0;
    for (const { name, period, span } of series.attributes) {
      const apart = catView.wrap(series.values[name].coordinate[at] - wanted[name], period) / span;
      if (name === first) own = Math.abs(apart);
      else others += apart * apart;
    }
    if (own < least[0] - 1e-9 || (own < least[0] + 1e-9 && others < least[1])) {
      best = at;
      least = [own, others];
    }
  }
  return best;
};

"use strict";
// Small helpers. Text from the dataset only ever enters the page as text nodes and attribute values, never as markup.

const catView = {};

/** An element with attributes (`on…` adds a listener; false, null and undefined are left out) and children. */
catView.el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

/** "1 frame", "1,234 frames". */
catView.counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Bytes in powers of 1000, three digits. */
catView.bytes = (count) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; count >= 999.5 && at < units.length - 1; at += 1) count /= 1000;
  return `${at ? Number(count.toPrecision(3)) : count} ${units[at]}`;
};

/** At most `most` whole numbers from 0 to count - 1, both ends among them, evenly. */
catView.evenly = (count, most) => {
  if (count <= most) return Array.from({ length: count }, (_, at) => at);
  return Array.from({ length: most }, (_, at) => Math.round((at * (count - 1)) / (most - 1)));
};

/**
 * A picture that says in words why it is not there. `onfault` hears the message.
 */
catView.thumbnail = (series, frame, alt, onfault = () => {}) => {
  const box = catView.el("span", { class: "thumb" });
  const image = catView.el("img", { alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", async () => {
    const message = await catView.source.fault(series, frame);
    image.remove();
    box.classList.add("damaged");
    box.title = message;
    box.append(catView.el("span", { class: "small" }, message));
    onfault(message);
  });
  image.src = catView.source.thumbnail(series, frame);
  box.append(image);
  return box;
};

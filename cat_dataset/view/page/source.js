"use strict";
// Where the data come from: the server that made this page, or the files beside a static copy of it. Both give the same.

/** Of a running cat-view. */
catView.server = {
  async json(path) {
    let reply;
    try {
      reply = await fetch(path);
    } catch {
      throw new Error("cat-view does not answer any more; start it again and reload this page");
    }
    const body = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(body.error || `cat-view answered ${reply.status}`);
    return body;
  },
  dataset() {
    return this.json("api/dataset");
  },
  list(query) {
    return this.json(`api/list?${new URLSearchParams(query)}`);
  },
  series(id) {
    return this.json(`api/series/${encodeURIComponent(id)}`);
  },
  picture: (series, frame) => `picture/${encodeURIComponent(series.id)}/${frame}`,
  thumbnail: (series, frame) => `thumbnail/${encodeURIComponent(series.id)}/${frame}`,
  /** Why a picture did not come. */
  async fault(series, frame) {
    try {
      const reply = await fetch(catView.server.picture(series, frame));
      if (reply.ok) return "The browser cannot show this picture.";
      return (await reply.json()).error;
    } catch {
      return "cat-view does not answer any more; start it again and reload this page";
    }
  },
};

/** Of a static copy: `catViewData` from data.js, and a script per series, since file:// pages may not fetch. */
catView.copy = {
  async dataset() {
    return catViewData.dataset;
  },
  async list({ attribute, split, text, flagged, page }) {
    const wanted = text.toLowerCase();
    const found = catViewData.list.filter(
      (card) =>
        (!attribute || card.varies.includes(attribute)) &&
        (!split || card.split === split) &&
        (!flagged || card.flags) &&
        (card.id.includes(wanted) || card.object.toLowerCase().includes(wanted)),
    );
    const size = catViewData.page;
    return { total: found.length, size, cards: found.slice(page * size, (page + 1) * size) };
  },
  series(id) {
    const card = catViewData.list.find((one) => one.id === id);
    if (!card) return Promise.reject(new Error(`${id} is not in this copy`));
    return new Promise((resolve, reject) => {
      catView.receive = resolve;
      const script = catView.el("script", { src: `${card.folder}/series.js` });
      script.addEventListener("error", () => reject(new Error(`${card.folder}/series.js is gone; make the copy again`)));
      script.addEventListener("load", () => script.remove());
      document.head.append(script);
    });
  },
  picture: (series, frame) => `${series.folder}/${frame}.${catViewData.extension}`,
  thumbnail: (series, frame) => `${series.folder}/${frame}_small.jpg`,
  async fault(series, frame) {
    return (series.faults || {})[frame] || "This file of the copy is gone; make the copy again.";
  },
};

catView.source = typeof catViewData === "undefined" || !catViewData ? catView.server : catView.copy;

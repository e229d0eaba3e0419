"use strict";
// The address decides what is shown: #series=<id>… one series, anything else the grid.

catView.start = async () => {
  const { el } = catView;
  const gridView = document.getElementById("grid-view");
  const seriesView = document.getElementById("series-view");
  let page = null;
  let back = "#";
  let gridScroll = 0;

  const notice = (text) => {
    const line = document.getElementById("notice");
    line.textContent = text;
    line.hidden = !text;
  };

  const describe = (dataset) => {
    const { series, frames, bytes, copy, faults, notes, checks } = dataset;
    document.getElementById("totals").textContent = `${catView.counted(series, "series", "series")}, ${catView.counted(frames, "frame")}, ${catView.bytes(bytes)}`;
    if (copy) notice(`A static copy of ${copy.series.toLocaleString("en")} of ${catView.counted(copy.of, "series", "series")}${copy.limit && copy.series < copy.of ? `: at most ${copy.limit} per attribute and split` : ""}.`);
    else if (checks === "working") notice("Labels are still being checked; flags appear when that is done.");
    else if (checks === "failed") notice("The labels could not be checked; run cat-verify.");
    else notice("");
    const list = document.getElementById("faults");
    const counts = [dataset.fault_count && catView.counted(dataset.fault_count, "fault"), notes.length && catView.counted(notes.length, "note")];
    list.hidden = !counts.some(Boolean);
    list.querySelector("summary").textContent = `From cat-verify: ${counts.filter(Boolean).join(", ")}`;
    const hidden = dataset.fault_count - faults.length;
    const lines = [...notes, ...faults, ...(hidden ? [`and ${hidden.toLocaleString("en")} more`] : [])];
    list.querySelector("ul").replaceChildren(...lines.map((line) => el("li", {}, line)));
  };

  let dataset;
  try {
    dataset = await catView.source.dataset();
  } catch (error) {
    notice(error.message);
    return;
  }
  describe(dataset);

  const route = async () => {
    const address = new URLSearchParams(location.hash.slice(1));
    const id = address.get("series");
    if (!id) {
      seriesView.hidden = true;
      gridView.hidden = false;
      document.title = "cat-view";
      page = null;
      back = location.hash || "#";
      const query = { page: Math.max(0, Math.trunc(Number(address.get("page"))) || 0) };
      for (const key of ["text", "attribute", "split", "flagged"]) query[key] = address.get(key) || "";
      try {
        await grid.show(query);
        window.scrollTo(0, gridScroll);
      } catch (error) {
        notice(error.message);
      }
      return;
    }
    if (!gridView.hidden) gridScroll = window.scrollY;
    try {
      const series = await catView.source.series(id);
      if (new URLSearchParams(location.hash.slice(1)).get("series") !== id) return;
      page = new catView.SeriesPage(series, Object.fromEntries(address), back);
      seriesView.replaceChildren(page.node);
    } catch (error) {
      page = null;
      seriesView.replaceChildren(el("div", { class: "series" }, el("nav", { class: "crumbs" }, el("a", { href: back }, "← All series")), el("p", { class: "empty", role: "alert" }, error.message)));
    }
    gridView.hidden = true;
    seriesView.hidden = false;
    document.title = `${id} · cat-view`;
    window.scrollTo(0, 0);
    seriesView.querySelector("h1")?.focus({ preventScroll: true });
  };

  const grid = new catView.Grid(dataset, (query, typing) => {
    const hash = `#${new URLSearchParams(Object.entries(query).filter(([, value]) => value))}`;
    gridScroll = 0;
    if (typing) {
      history.replaceState(null, "", hash);
      route();
    } else if (location.hash === hash) route();
    else location.hash = hash;
  });

  window.addEventListener("hashchange", route);
  document.addEventListener("keydown", (event) => {
    if (!page || event.altKey || event.ctrlKey || event.metaKey || event.target.closest?.("select, input[type=search]")) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -page.count, End: page.count }[event.key];
    if (event.key === "Escape") location.hash = back;
    else if (step && !event.target.closest?.("input")) page.move("b", page.b + step);
    else return;
    event.preventDefault();
  });
  await route();

  while (dataset.checks === "working") {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    try {
      dataset = await catView.source.dataset();
    } catch {
      return;
    }
    if (dataset.checks !== "working") {
      describe(dataset);
      if (!page) await route();
    }
  }
};

catView.start();

// The page around a lesson: light or dark, and what is shown while its Python starts.
window.lsvizPage = (() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("lsviz:theme"); } catch { return null; } };
  const keep = (name) => { try { localStorage.setItem("lsviz:theme", name); } catch { /* this page only */ } };
  const asked = new URLSearchParams(location.search).get("theme");
  let override = asked === "dark" || asked === "light" ? asked : chosen();
  const dark = () => override ? override === "dark" : system.matches;

  const paint = () => {
    const on = dark();
    document.documentElement.dataset.theme = on ? "dark" : "light";
    document.getElementById("lsviz-light").media = on ? "not all" : "all";
    document.getElementById("lsviz-dark").media = on ? "all" : "not all";
    if (!document.body) return;
    document.body.dataset.jpThemeLight = String(!on);
    document.body.dataset.jpThemeName = on ? "JupyterLab Dark" : "JupyterLab Light";
    const button = document.getElementById("lsviz-theme");
    if (button) { button.textContent = on ? "Light page" : "Dark page"; button.hidden = false; }
  };
  const theme = () => {
    paint();
    document.addEventListener("DOMContentLoaded", paint);
    document.addEventListener("click", (event) => {
      if (event.target.id !== "lsviz-theme") return;
      override = dark() ? "light" : "dark";
      keep(override);
      paint();
    });
  };
  system.addEventListener("change", paint);
  paint();

  const loading = () => {
    const gallery = location.pathname.match(/^(.*\/voila)\/render\/(.*?)[^/]*$/);      // in a Jupyter server, / is JupyterLab
    if (gallery) document.getElementById("lsviz-all").href = `${gallery[1]}/tree/${gallery[2]}`;
    const bar = document.getElementById("loading_bar"), text = document.getElementById("loading_text");
    const start = Date.now();
    window.voila_process = (cell, cells) => {
      bar.value = 10 + 75 * cell / cells;
      text.textContent = `Preparing the page: ${Math.round(100 * cell / cells)} %`;
    };
    window.voila_heartbeat = () => { text.textContent = `Still preparing (${Math.round((Date.now() - start) / 1000)} s)…`; };
    const show = window.voila_finish;
    window.voila_finish = () => {
      bar.value = 92;
      text.textContent = "Waking the controls…";
      show();
      if (window.themeLoaded) tidy();
    };
  };
  const tidy = () => {
    document.querySelectorAll("#lesson a[href^='http']").forEach((link) => { link.rel = "noopener"; });
    document.querySelectorAll("#lesson table").forEach((table) => {
      if (table.parentElement.classList.contains("page-table")) return;
      const frame = document.createElement("div");
      frame.className = "page-table";
      frame.tabIndex = 0;
      table.replaceWith(frame);
      frame.append(table);
    });
    if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  };
  return { theme, loading };
})();

// The few things that HTML and htmx leave to a script. Every page works without it.
(() => {
  "use strict";

  // A dialog that arrived opens, and is gone when it closes; the browser then gives the focus back.
  const openDialogs = () => {
    for (const dialog of document.querySelectorAll("dialog[data-open]:not([open])")) {
      dialog.addEventListener("close", () => dialog.remove());
      dialog.showModal();
    }
  };

  document.addEventListener("htmx:after:swap", () => {
    openDialogs();
    document.getElementById("offline")?.setAttribute("hidden", "");
  });

  document.addEventListener("click", (event) => {
    const dialog = event.target.closest("[data-close-dialog]")?.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
    const menu = event.target.closest("#menu:popover-open a");
    if (menu) {
      menu.closest("#menu").hidePopover();
    }
  });

  // Live updates can be paused, and nothing is asked for while nobody looks.
  let isLive = true;

  const showToggle = () => {
    for (const toggle of document.querySelectorAll("[data-live-toggle]")) {
      toggle.hidden = false;
      toggle.setAttribute("aria-pressed", String(isLive));
    }
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-live-toggle]")) {
      isLive = !isLive;
      showToggle();
    }
  });

  document.addEventListener("htmx:config:request", (event) => {
    const asksByItself = event.detail.ctx.sourceElement.id === "live";
    if (asksByItself && (!isLive || document.hidden)) {
      event.preventDefault();
    }
  });

  // No answer at all: say so at the top of the page, or inside the dialog that waits for it.
  document.addEventListener("htmx:error", (event) => {
    const offline = document.getElementById("offline");
    const dialog = document.querySelector("dialog[open] form");
    const asksByItself = event.detail.ctx?.sourceElement.id === "live";
    if (!offline || asksByItself) {
      return;
    }
    if (dialog) {
      const copy = offline.cloneNode(true);
      copy.removeAttribute("id");
      copy.hidden = false;
      dialog.querySelector("[data-offline]")?.remove();
      copy.dataset.offline = "";
      dialog.prepend(copy);
    } else {
      offline.hidden = false;
      offline.scrollIntoView({ block: "nearest" });
    }
  });

  document.addEventListener("htmx:after:settle", showToggle);
  showToggle();

  // A slash leads to the search, unless somebody is writing.
  document.addEventListener("keydown", (event) => {
    const search = document.querySelector("[data-search]");
    const isWriting = event.target.closest("input, textarea, select, [contenteditable], dialog");
    if (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey && search?.offsetParent) {
      event.preventDefault();
      search.focus();
    }
  });

  // A box above the others ticks them all; who ticks one of them means those that are ticked.
  const showTickAll = () => {
    for (const all of document.querySelectorAll("[data-tick-all]")) {
      all.hidden = false;
    }
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (event.target.matches("[data-tick-all]")) {
      for (const box of form.querySelectorAll("input[name^=pick-]")) {
        box.checked = event.target.checked;
      }
    }
    if (event.target.matches("[data-tick-all], input[name^=pick-]")) {
      const picked = form.querySelector("input[name=whom][value=picked]");
      if (picked) {
        picked.checked = true;
      }
    }
  });

  // How long a reservation still holds, beside the instant at which it ends.
  const countDown = () => {
    for (const place of document.querySelectorAll("[data-until]")) {
      const seconds = Math.max(0, Math.floor((Date.parse(place.dataset.until) - Date.now()) / 1000));
      place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      place.hidden = false;
    }
  };

  if (document.querySelector("[data-until]")) {
    countDown();
    setInterval(countDown, 1000);
  }

  document.addEventListener("htmx:after:settle", showTickAll);
  showTickAll();
})();

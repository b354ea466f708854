'use strict';
// Keeps a page current without loading it anew: the stream says that the ledger has moved, the page is fetched again,
// and each part that is marked data-live and has changed is put in the place of the old one.
(() => {
  const main = document.querySelector('[data-events]');
  if (!main || !window.EventSource) return;
  let busy = false, again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) { stream.close(); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-live][id]')) {
        const next = fresh.getElementById(part.id);
        if (next && !part.contains(document.activeElement) && next.innerHTML !== part.innerHTML) part.replaceWith(next);
      }
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };
  const stream = new EventSource(main.dataset.events + '?after=' + (main.dataset.head || 0));
  stream.addEventListener('moved', refresh);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
})();

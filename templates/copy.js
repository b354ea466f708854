'use strict';
// Puts a button before each text that is marked data-copy, which copies it. Without this file the text is there to be
// selected by hand.
(() => {
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      return true;
    } catch { // plain http has no clipboard of its own: the selection is copied, and stays for the keyboard
      getSelection().selectAllChildren(text);
      return document.execCommand('copy');
    }
  };
  for (const text of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    const said = document.createElement('span');
    const what = document.createElement('span');
    button.type = 'button';
    button.className = 'quiet copy';
    said.setAttribute('aria-live', 'polite');
    said.textContent = 'Copy';
    what.className = 'unseen';
    what.textContent = ' ' + text.dataset.copy;
    button.append(said, what);
    button.addEventListener('click', async () => {
      said.textContent = await copy(text) ? 'Copied' : 'Selected';
      setTimeout(() => { said.textContent = 'Copy'; }, 3000);
    });
    text.before(button);
  }
})();

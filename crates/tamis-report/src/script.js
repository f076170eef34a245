'use strict';
(() => {
  const root = document.documentElement;
  const key = 'tamis-report-theme';
  // Storage may be refused to pages that are opened from a folder.
  const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem(key, theme); } catch { return; } };
  const choose = (theme) => {
    if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
  };
  choose(stored());

  const isDark = () => (root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches);

  const prepareTheme = () => {
    const button = document.getElementById('theme');
    button.hidden = false;
    button.addEventListener('click', () => {
      const theme = isDark() ? 'light' : 'dark';
      choose(theme);
      store(theme);
    });
  };

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  const order = (a, b) => {
    const kinds = [typeof a, typeof b];
    if (kinds[0] !== kinds[1]) return kinds[0] === 'number' ? -1 : 1;
    return kinds[0] === 'number' ? a - b : a.localeCompare(b, undefined, { numeric: true });
  };
  const sort = (table, head) => {
    const rising = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const compare = (a, b) => order(valueOf(a, head.cellIndex), valueOf(b, head.cellIndex));
    rows.sort((a, b) => (rising ? compare(a, b) : compare(b, a)));
    body.append(...rows);
  };
  const prepareTable = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      head.tabIndex = 0;
      head.addEventListener('click', () => sort(table, head));
      head.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') sort(table, head);
      });
    }
  };

  // Browsers show titles to a mouse that rests; a finger has to tap.
  const prepareTips = () => {
    const tip = document.createElement('div');
    tip.id = 'tip';
    tip.hidden = true;
    document.body.append(tip);
    document.addEventListener('click', (event) => {
      let shape = event.target;
      while (shape instanceof SVGElement) {
        const title = [...shape.children].find((child) => child.tagName === 'title');
        if (title) {
          tip.textContent = title.textContent;
          tip.hidden = false;
          const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
          tip.style.left = Math.max(8, Math.min(event.clientX, room)) + 'px';
          tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 12) + 'px';
          return;
        }
        shape = shape.parentNode;
      }
      tip.hidden = true;
    });
    addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
  };

  document.addEventListener('DOMContentLoaded', () => {
    prepareTheme();
    document.querySelectorAll('table.sortable').forEach(prepareTable);
    prepareTips();
  });
})();

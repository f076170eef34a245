//! The example pages in Chromium: no complaint, nothing wider than a phone, a theme that switches,
//! tables that sort. Skipped where there is no Chromium.

use std::fs;

use tamis_report::render;
use tempfile::TempDir;

use crate::chromium::{chromium, open};
use crate::values;

/// The page with a script of the test's, which its own policy would not let run.
fn with_script(page: &str, script: &str) -> String {
    let start = page.find("script-src ").unwrap();
    let end = page.find("; base-uri").unwrap();
    let open = format!("{}script-src 'unsafe-inline'{}", &page[..start], &page[end..]);
    open.replace("</body>", &format!("<script>{script}</script></body>"))
}

const PROBE: &str = "addEventListener('load', () => {
  const root = document.documentElement;
  const wide = [...document.querySelectorAll('body *')].filter((element) =>
    !element.closest('.scroll, .links, svg, caption'))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5);
  const ground = () => getComputedStyle(root).backgroundColor;
  const [before, button] = [ground(), document.getElementById('theme')];
  button.click();
  const after = ground();
  button.click();
  const head = [...document.querySelectorAll('th')].find((th) => th.textContent === 'true class');
  const first = () => head.closest('table').tBodies[0].rows[0].cells[0].textContent;
  head.click(); const rising = first(); head.click(); const falling = first();
  const tap = new MouseEvent('click', { bubbles: true, clientX: 9, clientY: 99 });
  document.querySelector('.hit').dispatchEvent(tap);
  parent.postMessage(['width', innerWidth, 'scroll', root.scrollWidth, 'wide', wide.length, 'themes',
    before !== after, ground() === before, !button.hidden, 'sorted', rising < falling,
    'tip', document.getElementById('tip').textContent.split('\\n')[0]].join(' '), '*');
});";

/// A page that shows another as a phone does and writes down what it says.
const PHONE: &str = "<!DOCTYPE html><html><body><script>
  addEventListener('message', (event) => { document.body.dataset.found = event.data; });
</script><iframe src=\"probed.html\" style=\"width:390px;height:844px;border:0\"></iframe></body></html>";

#[test]
fn a_phone_shows_the_page_without_scrolling_sideways_and_its_controls_work() {
    let Some(program) = chromium() else { return };
    for (classes, darts) in [(10, false), (100, true)] {
        let folder = TempDir::new().unwrap();
        let page = render(&values::report(classes, darts).unwrap());
        fs::write(folder.path().join("probed.html"), with_script(&page, PROBE)).unwrap();
        fs::write(folder.path().join("phone.html"), PHONE).unwrap();
        let (document, console) = open(&program, folder.path(), "phone.html");
        assert_eq!(console, Vec::<String>::new());
        let found = "width 390 scroll 390 wide 0 themes true true true sorted true tip epoch 0";
        assert!(document.contains(found), "{:?}", document.split("data-found=").nth(1));
    }
}

#[test]
fn browsers_run_the_page_as_it_is_without_a_complaint() {
    let Some(program) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    let page = render(&values::report(10, false).unwrap());
    fs::write(folder.path().join("page.html"), page).unwrap();
    let (document, console) = open(&program, folder.path(), "page.html");
    assert_eq!(console, Vec::<String>::new());
    // The page's own script ran: it shows the button and makes the tip.
    assert!(document.contains("id=\"tip\"") && !document.contains("hidden=\"hidden\""));
}

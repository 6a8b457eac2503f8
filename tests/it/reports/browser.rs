//! Looks at a page in a real browser: a page that is right as text may still not fit a screen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Measures the page and leaves what it found in an attribute of its root. Only tests append it;
/// the page itself has no script. Each screen is an inline frame of its width, for which media
/// queries hold as they do for a window: a browser's own window has a least width.
const PROBE: &str = r#"
const told = document.documentElement.dataset;
told.found = told.widths = told.charts = '';
for (const frame of document.querySelectorAll('iframe')) frame.addEventListener('load', () => {
  const page = frame.contentDocument;
  page.querySelectorAll('details').forEach(part => part.open = true);
  const found = [];
  const root = page.documentElement;
  const width = frame.contentWindow.innerWidth;
  if (root.scrollWidth > width) {
    const wide = [...page.querySelectorAll('body *')].filter(part =>
      part.getBoundingClientRect().right > width + 1 && !part.closest('.scroll, pre'));
    found.push(`${root.scrollWidth} wide in ${width}: ` +
      wide.slice(0, 3).map(part => part.tagName + '#' + part.id).join(' '));
  }
  for (const svg of page.querySelectorAll('svg')) {
    const name = svg.querySelector('title').textContent;
    const edge = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(text =>
      ({ words: text.textContent.trim(), box: text.getBoundingClientRect() }));
    for (const { words, box } of texts) {
      if (box.left < edge.left - 1 || box.right > edge.right + 1 ||
          box.top < edge.top - 1 || box.bottom > edge.bottom + 1)
        found.push(`${name}: "${words}" leaves the drawing`);
    }
    texts.forEach((a, index) => texts.slice(index + 1).forEach(b => {
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      // Boxes include the room for accents and descenders, which may touch.
      if (across > 0.5 && down > 2) found.push(`${name}: "${a.words}" overlaps "${b.words}"`);
    }));
  }
  told.charts += `${page.querySelectorAll('svg').length} `;
  told.widths += `${width} `;
  told.found += found.map(what => `at ${width}: ${what}; `).join('');
});
for (const frame of document.querySelectorAll('iframe')) frame.src = 'page.html';
"#;

/// A browser of this machine.
pub struct Browser {
    program: PathBuf,
}

impl Browser {
    /// Fails where there is none: a page that no browser has shown is not tested.
    pub fn find() -> Self {
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let places = names.iter().flat_map(|name| folders.iter().map(move |dir| dir.join(name)));
        let program = places.into_iter().find(|place| place.is_file());
        Self { program: program.expect("this test needs chromium or google-chrome on the PATH") }
    }

    /// Shows the page at each width in pixels, and fails if anything stands out or overlaps, or if
    /// the browser has anything to complain of.
    pub fn check(&self, page: &str, widths: &[u32], name: &str) {
        let place = tempfile::tempdir().expect("a folder for the page");
        fs::write(place.path().join("page.html"), page).expect("the page can be written");
        let frame = |width: &u32| {
            format!("<iframe style=\"border:0;width:{width}px;height:900px\"></iframe>")
        };
        let frames: String = widths.iter().map(frame).collect();
        let host =
            format!("<!doctype html><html><body>{frames}<script>{PROBE}</script></body></html>");
        let file = place.path().join("host.html");
        fs::write(&file, host).expect("the page can be written");
        let shown = self.show(&file, place.path());
        let dom = String::from_utf8_lossy(&shown.stdout);
        let told = String::from_utf8_lossy(&shown.stderr);
        let attribute = |name: &str| {
            let from = dom.split_once(&format!("data-{name}=\""));
            let value = from.and_then(|(_, rest)| rest.split_once('"'));
            value.map(|(value, _)| value.to_owned()).unwrap_or_default()
        };
        let mut answered: Vec<u32> =
            attribute("widths").split_whitespace().flat_map(str::parse).collect();
        answered.sort_by(|a, b| b.cmp(a));
        assert_eq!(answered, widths, "{name}: not every width answered: {told}");
        let charts = page.matches("<figure").count().to_string();
        let everywhere = vec![charts; widths.len()].join(" ");
        assert_eq!(attribute("charts").trim(), everywhere, "{name}");
        assert_eq!(attribute("found"), "", "{name}");
        let complaints: Vec<_> = told.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
    }

    fn show(&self, file: &Path, place: &Path) -> Output {
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--disable-dev-shm-usage"])
            // The probe is one file and the page another; files are strangers to each other.
            .args(["--allow-file-access-from-files", "--enable-logging=stderr", "--dump-dom"])
            .args(["--virtual-time-budget=2000"])
            .arg("--window-size=1600,900")
            .arg(format!("--user-data-dir={}", place.join("profile").display()))
            .arg(format!("file://{}", file.display()))
            .output()
            .expect("the browser starts");
        assert!(output.status.success(), "the browser failed: {output:?}");
        output
    }
}

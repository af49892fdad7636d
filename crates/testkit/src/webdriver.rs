//! A headless Chromium for tests, used as a person uses it: by the words on the page.
//!
//! `Browser` finds controls by their accessible names, and it waits by the driver's own element wait, so that no test
//! sleeps. Each browser has a driver process and an empty profile of its own. It knows nothing of Guestlist's pages.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a control that is not on the page fails the test that uses it"
)]

mod command;
mod process;
mod xpath;

use std::path::Path;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::Url;

use command::{ComputedLabel, DevTools};
use process::Driver;

/// How long the driver looks for an element before it gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// The size of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// 1280 by 900.
    #[default]
    Desktop,
    /// 390 by 844 at double density, with touch.
    Phone,
    /// 320 by 640, the narrowest that pages must fit.
    Narrow,
}

impl Screen {
    /// A window cannot be this narrow; an emulated device can.
    fn emulated(self) -> Option<(u32, u32)> {
        match self {
            Self::Desktop => None,
            Self::Phone => Some((390, 844)),
            Self::Narrow => Some((320, 640)),
        }
    }
}

/// What kind of browser to start.
#[derive(Clone, Debug)]
pub struct BrowserOptions {
    /// Whether pages may run scripts.
    pub javascript: bool,
    /// The size of the screen.
    pub screen: Screen,
    /// Whether the reader prefers dark colours.
    pub dark: bool,
    /// The languages the reader prefers, as in `Accept-Language`.
    pub languages: String,
    /// Whether certificates of unknown origin pass.
    pub any_certificate: bool,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        let languages = "en-US,en".to_owned();
        Self { javascript: true, screen: Screen::default(), dark: false, languages, any_certificate: false }
    }
}

impl BrowserOptions {
    /// A browser that runs no scripts.
    pub fn without_javascript() -> Self {
        Self { javascript: false, ..Self::default() }
    }
}

/// One browser with an empty profile; dropping it ends its processes.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Declared after the client: the session ends before its driver does.
    _driver: Driver,
}

impl Browser {
    /// Starts a browser.
    pub async fn start(options: &BrowserOptions) -> Self {
        let driver = Driver::start().await;
        let Value::Object(capabilities) = capabilities(options, &driver) else { unreachable!("built as an object") };
        let session = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(driver.url()).await;
        let client = session.expect("Chromium starts (Debian: apt-get install chromium chromium-driver)");
        let patience = TimeoutConfiguration::new(None, Some(Duration::from_mins(1)), Some(PATIENCE));
        client.update_timeouts(patience).await.expect("the driver takes its timeouts");
        let browser = Self { client, _driver: driver };
        if let Some((width, height)) = options.screen.emulated() {
            // Not the driver's own `mobileEmulation`: with it, the driver never answers again once a page has a
            // `Cross-Origin-Opener-Policy` and so comes in another process than the empty page before it.
            let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 2.0, "mobile": true });
            browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
            browser.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await;
        }
        if options.dark {
            let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
            browser.devtools("Emulation.setEmulatedMedia", features).await;
        }
        browser
    }

    /// Goes to an address and waits for the page.
    pub async fn open(&self, url: &str) {
        self.must(&format!("open {url}"), self.client.goto(url).await).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.must("reload", self.client.refresh().await).await;
    }

    /// Presses the browser's own back button.
    pub async fn back(&self) {
        self.must("go back", self.client.back().await).await;
    }

    /// Presses the button or follows the link of that accessible name, and waits for the page it leads to.
    pub async fn click(&self, name: &str) {
        let control = self.first(&format!("a button or link {name:?}"), &xpath::control(name)).await;
        let label = self.must("read a name", self.client.issue_cmd(ComputedLabel::of(&control)).await).await;
        assert_eq!(
            label.as_str().map(str::trim),
            Some(name),
            "what a screen reader calls this control is not what it shows"
        );
        self.must(&format!("click {name:?}"), control.click().await).await;
    }

    /// Types into the field of that label, in place of what stood there.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        self.must(&format!("clear {label:?}"), field.clear().await).await;
        self.must(&format!("type into {label:?}"), field.send_keys(text).await).await;
    }

    /// Ticks or unticks the box, or chooses the radio button, of that label.
    pub async fn toggle(&self, label: &str) {
        let field = self.field(label).await;
        self.must(&format!("toggle {label:?}"), field.click().await).await;
    }

    /// Chooses an entry, by its visible text, from the list of that label.
    pub async fn choose(&self, label: &str, entry: &str) {
        let list = self.field(label).await;
        self.must(&format!("choose {entry:?} from {label:?}"), list.select_by_label(entry).await).await;
    }

    /// What stands in the field of that label.
    pub async fn value(&self, label: &str) -> String {
        let field = self.field(label).await;
        self.must(&format!("read {label:?}"), field.prop("value").await).await.unwrap_or_default()
    }

    /// Waits until the page says this, in whatever element.
    pub async fn wait_for_text(&self, text: &str) {
        self.first(&format!("the text {text:?}"), &xpath::text(text)).await;
    }

    /// Presses the first element of that XPath: for pages of others, whose controls have no names worth having.
    pub async fn press_at(&self, path: &str) {
        let element = self.first(&format!("an element {path:?}"), path).await;
        self.must(&format!("press {path:?}"), element.click().await).await;
    }

    /// Types into the first element of that XPath, on a page of others, in place of what stands there.
    pub async fn type_at(&self, path: &str, text: &str) {
        let element = self.first(&format!("an element {path:?}"), path).await;
        self.must(&format!("clear {path:?}"), element.clear().await).await;
        self.must(&format!("type at {path:?}"), element.send_keys(text).await).await;
    }

    /// Whether a button or link of that name is on the page now; it does not wait.
    pub async fn offers(&self, name: &str) -> bool {
        !self.find_now(&xpath::control(name)).await.is_empty()
    }

    /// The visible text of the page.
    pub async fn text(&self) -> String {
        let body = self.first("a page body", "//body").await;
        self.must("read the page", body.text().await).await
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.must("read the title", self.client.title().await).await
    }

    /// The page as HTML.
    pub async fn source(&self) -> String {
        self.must("read the source", self.client.source().await).await
    }

    /// Where the browser is.
    pub async fn current_url(&self) -> Url {
        self.must("read the address", self.client.current_url().await).await
    }

    /// The value of a cookie of the current page; HttpOnly ones are seen as well.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.must("read the cookies", self.client.get_all_cookies().await).await;
        cookies.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// Forgets the cookies of the current page's site.
    pub async fn clear_cookies(&self) {
        self.must("clear the cookies", self.client.delete_all_cookies().await).await;
    }

    /// How wide the page's content is, and how wide the screen: more content than screen scrolls sideways.
    pub async fn widths(&self) -> (u64, u64) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let width = |of: &str| metrics.pointer(of).and_then(Value::as_f64).expect("layout metrics name widths");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "widths are small and positive")]
        let whole = |width: f64| width.round() as u64;
        (whole(width("/cssContentSize/width")), whole(width("/cssLayoutViewport/clientWidth")))
    }

    /// Saves a picture of the whole page, below the fold as well, as PNG.
    pub async fn screenshot(&self, file: &Path) {
        let picture = self.devtools("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        let data = picture.pointer("/data").and_then(Value::as_str).expect("a screenshot has data");
        let png = data_encoding::BASE64.decode(data.as_bytes()).expect("a screenshot is base64");
        std::fs::write(file, png).expect("the screenshot can be written");
    }

    /// The client below, for what is not covered here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn field(&self, label: &str) -> Element {
        self.first(&format!("a field {label:?}"), &xpath::field(label)).await
    }

    /// The first match that a person can see, or the first of all.
    async fn first(&self, what: &str, path: &str) -> Element {
        let all = self.must(what, self.client.find_all(Locator::XPath(path)).await).await;
        for element in &all {
            if element.is_displayed().await.unwrap_or(false) {
                return element.clone();
            }
        }
        match all.into_iter().next() {
            Some(element) => element,
            None => self.fail(&format!("find {what}"), "it is not there").await,
        }
    }

    async fn find_now(&self, path: &str) -> Vec<Element> {
        let wait = |patience| TimeoutConfiguration::new(None, None, Some(patience));
        self.must("stop waiting", self.client.update_timeouts(wait(Duration::ZERO)).await).await;
        let found = self.client.find_all(Locator::XPath(path)).await;
        self.must("wait again", self.client.update_timeouts(wait(PATIENCE)).await).await;
        self.must("look", found).await
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let command = DevTools { method: method.to_owned(), parameters };
        self.must(method, self.client.issue_cmd(command).await).await
    }

    async fn must<T>(&self, what: &str, result: Result<T, CmdError>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(what, &error.to_string()).await,
        }
    }

    /// Says what the page looked like: the first question to every failed browser test.
    async fn fail(&self, what: &str, why: &str) -> ! {
        let url = self.client.current_url().await.map_or_else(|error| error.to_string(), |url| url.to_string());
        let source = self.client.source().await.unwrap_or_default();
        panic!("could not {what}: {why}\nat {url}\n{source}")
    }
}

fn capabilities(options: &BrowserOptions, driver: &Driver) -> Value {
    let languages = &options.languages;
    let arguments = json!([
        format!("--user-data-dir={}", driver.profile().display()),
        format!("--accept-lang={languages}"),
        // The browser ends when its driver does, even when both are killed.
        "--remote-debugging-pipe",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
    ]);
    let preferences = json!({
        "intl.accept_languages": languages,
        "credentials_enable_service": false,
        // Chromium's content settings: 1 allows, 2 blocks.
        "profile.managed_default_content_settings.javascript": if options.javascript { 1 } else { 2 },
    });
    json!({
        "browserName": "chrome",
        "acceptInsecureCerts": options.any_certificate,
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
    })
}

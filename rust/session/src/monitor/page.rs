//! The page for people, all in one file.

use std::sync::OnceLock;

use hyper::body::Bytes;
use limbeck_picture::ColourMap;

const PAGE: &str = include_str!("page.html");

/// Colours that the page's bar runs through.
const STOPS: usize = 17;

/// The page, with the colours of its slices.
pub(super) fn html() -> Bytes {
    static MADE: OnceLock<Bytes> = OnceLock::new();
    let stop = |map: &ColourMap, i: usize| {
        let [r, g, b] = map.at(i as f64 / (STOPS - 1) as f64);
        format!("\"#{r:02x}{g:02x}{b:02x}\"")
    };
    let make = || {
        let map = ColourMap::sequential();
        let stops: Vec<String> = (0..STOPS).map(|i| stop(&map, i)).collect();
        Bytes::from(PAGE.replace("/*STOPS*/", &stops.join(",")))
    };
    MADE.get_or_init(make).clone()
}

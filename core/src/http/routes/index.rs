//! `/`: what there is.

use warp::{Filter, filters::BoxedFilter, reply::Response};

use crate::http::{
    encoding::{self, Coding},
    methods,
};

const PAGE: &str = include_str!("index.html");

pub(super) fn route() -> BoxedFilter<(Response,)> {
    warp::path::end()
        .and(methods::get("index"))
        .and(encoding::wanted())
        .map(|coding: Coding| coding.answer("text/html; charset=utf-8", PAGE.into()))
        .boxed()
}

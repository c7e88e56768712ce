//! The API: the document, the page about it, and what a real server answers say the same.

pub(super) mod document;
mod page;
mod rights;
mod schemas;
mod tour;

//! Names as constants that a table owns.

/// Declares names as constants, and the table that holds all of them.
///
/// Rules that read by these constants cannot read what the table lacks: there is no such constant,
/// and the policy does not compile. A name in quotes is looked up in the table when it is read.
///
/// ```
/// admit_guest::names! {
///     /// All that the policy sees of a token.
///     pub CLAIMS: TID = "tid", OID = "oid", CNF = "cnf";
/// }
///
/// assert_eq!(CLAIMS, [TID, OID, CNF]);
/// assert_eq!(CNF, "cnf");
/// ```
#[macro_export]
macro_rules! names {
    ($(#[$about:meta])* $visible:vis $table:ident: $($name:ident = $text:literal),+ $(,)?;) => {
        $(#[$about])*
        $visible const $table: &[&str] = &[$($name),+];
        $(
            #[doc = concat!("The name `", $text, "`.")]
            $visible const $name: &str = $text;
        )+
    };
}

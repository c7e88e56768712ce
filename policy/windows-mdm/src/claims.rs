//! The claims that every version asks for, by name.

admit_guest::names! {
    pub ALL:
        TID = "tid",
        VER = "ver",
        AUD = "aud",
        OID = "oid",
        SCP = "scp",
        UPN = "upn",
        APPID = "appid",
        AZP = "azp",
        IDP = "idp",
        IDTYP = "idtyp",
        PREFERRED_USERNAME = "preferred_username",
        ROLES = "roles",
        CNF = "cnf";
}

/// The claims that can name the user, best first.
pub const USER_NAMES: [&str; 2] = [UPN, PREFERRED_USERNAME];

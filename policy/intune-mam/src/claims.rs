//! The claims that the policy asks for, by name.

admit_guest::names! {
    pub(crate) ALL:
        TID = "tid",
        VER = "ver",
        AUD = "aud",
        OID = "oid",
        SCP = "scp",
        UPN = "upn",
        IDTYP = "idtyp",
        PREFERRED_USERNAME = "preferred_username",
        ROLES = "roles",
        CNF = "cnf";
}

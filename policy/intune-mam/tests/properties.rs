//! What holds of the policy whatever it is asked, natively.
#![cfg(test)]

use admit_properties::hold_natively;
use intune_mam::IntuneMam;

hold_natively!(IntuneMam, intune_mam, ["allow", "ask"]);

//! Test hosts, journeys, the gate and the campaigns.

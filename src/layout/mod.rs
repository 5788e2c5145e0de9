//! From words and rules to blocks in reading order.

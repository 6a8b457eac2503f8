//! What a server on the other end may say, before any of our parsers sees it.

use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::mutated;

proptest! {
    #[test]
    fn a_broken_reply_is_read_or_refused(bytes in mutated(seeds())) {
        let taken = taken(|| drop(redis::parse_redis_value(&bytes))).1;
        prop_assert!(taken < MIB, "{taken} bytes");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 5] = [
        b"*1\r\n*2\r\n$6\r\nevents\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$3\r\nkey\r\n$1\r\n7\r\n",
        b"%1\r\n$6\r\nevents\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$3\r\nkey\r\n$1\r\n7\r\n",
        b"*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$3\r\nkey\r\n$1\r\n7\r\n*0\r\n",
        b">2\r\n$10\r\ninvalidate\r\n*1\r\n$9\r\nproduct:1\r\n",
        b"-NOGROUP No such key 'events'\r\n",
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

//! The customers of one chat, in a few bytes each.
//!
//! Neighbouring ids are stored as differences of variable length. That lets ten million messaged
//! customers stay in tens of megabytes, exactly and in order.

/// An immutable list of customer ids, in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PackedIds {
    bytes: Box<[u8]>,
    count: u32,
}

impl PackedIds {
    pub(crate) fn pack(ids: &[u64]) -> PackedIds {
        let mut bytes = Vec::with_capacity(ids.len() * 2 + 8);
        let mut last = 0_u64;
        for id in ids {
            // Zigzag: small steps down are as short as small steps up.
            let step = id.wrapping_sub(last) as i64;
            push(&mut bytes, ((step << 1) ^ (step >> 63)) as u64);
            last = *id;
        }
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        PackedIds {
            bytes: bytes.into_boxed_slice(),
            count,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        u64::from(self.count)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let mut rest = self.bytes.iter();
        let mut last = 0_u64;
        (0..self.count).map(move |_| {
            let zigzag = pull(&mut rest);
            let step = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
            last = last.wrapping_add(step as u64);
            last
        })
    }
}

fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn pull(bytes: &mut std::slice::Iter<'_, u8>) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    for byte in bytes {
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_ids_come_back_in_order(ids in prop::collection::vec(any::<u64>(), 0..50)) {
            let packed = PackedIds::pack(&ids);
            prop_assert_eq!(packed.len(), ids.len() as u64);
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), ids);
        }
    }

    #[test]
    fn neighbours_cost_a_byte_each() {
        let ids: Vec<u64> = (5_000_000..5_000_100).collect();
        assert!(PackedIds::pack(&ids).bytes.len() < 110);
    }
}

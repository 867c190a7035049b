//! Records of which the capture lost a part.

use super::{DATA, HEADER, Keys, Out, Tls, length};
use crate::capture::{Loss, message::Side};

impl Tls {
    pub(in super::super) fn gap(&mut self, side: Side, bytes: u64, keys: &Keys) -> Vec<Out> {
        let half = &self.halves[side.index()];
        if self.is_over || half.is_dead {
            return Vec::new();
        }
        if side == Side::Client && half.protection.is_some() {
            // The gap is behind what waits.
            self.early.settle();
            self.read(side, keys);
        }
        self.lose(side, bytes);
        self.read_all(keys);
        std::mem::take(&mut self.out)
    }

    /// So many bytes of a direction are lost. Within a record whose length is known, what follows it
    /// can be read.
    fn lose(&mut self, side: Side, bytes: u64) {
        let half = &mut self.halves[side.index()];
        if half.is_dead || self.is_over {
            return;
        }
        let lost = usize::try_from(bytes).unwrap_or(usize::MAX);
        if half.skip >= lost {
            // Of a record that is lost already.
            half.skip -= lost;
            self.out.push(Out::Lost(Loss::StreamGap));
            return;
        }
        let size = length(&half.buffer).unwrap_or(0);
        let left = (HEADER + size).saturating_sub(half.buffer.len());
        match half.protection.is_some() {
            true if size > 0 && lost <= left => {
                let kind = half.buffer.first().copied().unwrap_or_default();
                half.skip = left - lost;
                half.buffer.clear();
                self.lose_record(side, kind, size);
            }
            true => {
                self.out.push(Out::Gap(side, bytes));
                self.out.push(Out::Lost(Loss::TlsBehindGap));
                half.kill();
            }
            false => {
                self.out.push(Out::Lost(Loss::StreamGap));
                self.give_up(Loss::TlsBehindGap);
            }
        }
    }

    /// A protected record is lost.
    fn lose_record(&mut self, side: Side, kind: u8, size: usize) {
        let half = &mut self.halves[side.index()];
        let is_shaking = half.is_shaking();
        if side == Side::Client && is_shaking && self.early.may_come() {
            // The end of early data did not come yet, so it is of that, under another key.
            match self.early.pass(size) {
                Some(inside) => self.out.push(Out::Gap(side, inside as u64)),
                None => {
                    self.out.push(Out::Lost(Loss::StreamGap));
                    self.miss_early();
                }
            }
            return;
        }
        let Some(protection) = &mut half.protection else { return };
        protection.pass();
        let inside = protection.inside(size);
        if kind == DATA && !is_shaking {
            self.out.push(Out::Gap(side, inside as u64));
        } else {
            half.messages.pass(inside);
            self.out.push(Out::Lost(Loss::StreamGap));
        }
    }
}

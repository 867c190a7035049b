//! The packet socket of Linux, with a ring that it shares with the kernel (`AF_PACKET`, `TPACKET_V3`;
//! packet(7) and `Documentation/networking/packet_mmap.rst`). The ring holds a burst that a queue of the
//! socket, which the system bounds for everybody, would not.
//!
//! This and `serve/system.rs` of the command are the only unsafe code of the project: no wrapper in use
//! binds a packet socket, asks it for its figures, or has the ring. All that is done with what the kernel
//! writes is to copy it; it is read elsewhere, without unsafe code.
#![expect(unsafe_code, reason = "no wrapper in use has packet sockets and their ring")]

use std::{
    ffi::{CString, c_int, c_void},
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{LiveOptions, OpenError, filter};

/// Bytes of a block: more than the longest packet, which is 64 KiB.
const BLOCK: usize = 1024 * 1024;
/// Bytes that frames are allotted in; with blocks of this version of the ring, packets of any length fit.
const FRAME: usize = 2048;
/// How long the kernel fills a block before it hands it over, in milliseconds.
const HAND_OVER: u32 = 50;
/// Where in a block are its state and how many bytes of it are used (`struct tpacket_hdr_v1`).
const STATE: usize = 8;
const USED: usize = 20;

/// A ring of blocks, which the kernel fills with packets.
pub(super) struct Ring {
    socket: OwnedFd,
    memory: NonNull<u8>,
    blocks: usize,
    next: usize,
}

// SAFETY: the memory belongs to this value alone, whatever thread it is on.
unsafe impl Send for Ring {}

impl Ring {
    /// Begins to capture.
    pub(super) fn open(options: &LiveOptions) -> Result<Self, OpenError> {
        let index = index(options)?;
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        // Of no protocol yet: nothing comes before the filter is there.
        // SAFETY: it takes no address.
        let socket = told(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        // SAFETY: the kernel has just given it, and nobody else has it.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let program = filter::program(&options.ports, options.packet_bytes)
            .ok_or_else(|| io::Error::other("the filter of these ports is too long"))?;
        attach(&socket, &program)?;
        let version = libc::tpacket_versions::TPACKET_V3 as c_int;
        set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let blocks = (options.buffer_mebibytes as usize * 1024 * 1024 / BLOCK).max(4);
        let wanted = libc::tpacket_req3 {
            tp_block_size: BLOCK as u32,
            tp_block_nr: blocks as u32,
            tp_frame_size: FRAME as u32,
            tp_frame_nr: (BLOCK / FRAME * blocks) as u32,
            tp_retire_blk_tov: HAND_OVER,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &wanted)?;
        let memory = map(&socket, BLOCK * blocks)?;
        let ring = Self { socket, memory, blocks, next: 0 };
        if index != 0 {
            let all = libc::packet_mreq {
                mr_ifindex: index,
                mr_type: libc::PACKET_MR_PROMISC as u16,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            set(&ring.socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &all)?;
        }
        bind(&ring.socket, index)?;
        Ok(ring)
    }

    /// Waits at most so long for a block, and copies it. False: there is none.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub(super) fn wait(&mut self, longest: Duration, into: &mut Vec<u8>) -> io::Result<bool> {
        if !self.is_there() {
            let mut poll =
                libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            let longest = c_int::try_from(longest.as_millis()).unwrap_or(c_int::MAX);
            // SAFETY: it reads and writes this one value.
            let ready = unsafe { libc::poll(&raw mut poll, 1, longest) };
            if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return Err(io::Error::last_os_error());
            }
            if ready > 0 && poll.revents & libc::POLLERR != 0 {
                let error: c_int = get(&self.socket, libc::SOL_SOCKET, libc::SO_ERROR)?;
                if error != 0 {
                    return Err(io::Error::from_raw_os_error(error));
                }
            }
            if !self.is_there() {
                return Ok(false);
            }
        }
        let used = (self.word(USED).load(Ordering::Relaxed) as usize).min(BLOCK);
        into.clear();
        into.reserve(used);
        // SAFETY: so many bytes of the block are mapped, and so many bytes are reserved. The kernel does
        // not write to the block before its state is changed below.
        unsafe {
            ptr::copy_nonoverlapping(self.block(), into.as_mut_ptr(), used);
            into.set_len(used);
        }
        self.word(STATE).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        Ok(true)
    }

    /// Packets that found no room in the ring since this was asked last.
    pub(super) fn dropped(&self) -> io::Result<u64> {
        let figures: Figures = get(&self.socket, libc::SOL_PACKET, libc::PACKET_STATISTICS)?;
        Ok(u64::from(figures[1]))
    }

    fn is_there(&self) -> bool {
        self.word(STATE).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn block(&self) -> *const u8 {
        // SAFETY: `next` is less than the number of blocks that are mapped.
        unsafe { self.memory.as_ptr().add(self.next * BLOCK) }
    }

    /// A word in the head of the block that is next.
    fn word(&self, at: usize) -> &AtomicU32 {
        // SAFETY: blocks are aligned to pages and longer than their heads, `at` is a multiple of four
        // within it, and the memory is mapped as long as this value is there.
        unsafe { AtomicU32::from_ptr(self.block().add(at).cast_mut().cast()) }
    }
}

/// `struct tpacket_stats_v3`: packets, of which dropped, times that the ring was full.
type Figures = [u32; 3];

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody has its address from now on.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), BLOCK * self.blocks) };
    }
}

/// The number of the interface; 0 stands for all of them.
fn index(options: &LiveOptions) -> Result<c_int, OpenError> {
    if options.interface == super::ANY {
        return Ok(0);
    }
    let name = CString::new(options.interface.as_str()).map_err(|_| OpenError::Unknown)?;
    // SAFETY: it reads a text that ends with zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(OpenError::Unknown),
        index => c_int::try_from(index).map_err(|_| OpenError::Unknown),
    }
}

fn attach(socket: &OwnedFd, program: &[filter::Instruction]) -> io::Result<()> {
    let instruction = |one: &filter::Instruction| libc::sock_filter {
        code: one.code,
        jt: one.yes,
        jf: one.no,
        k: one.value,
    };
    let mut program: Vec<_> = program.iter().map(instruction).collect();
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

fn map(socket: &OwnedFd, size: usize) -> io::Result<NonNull<u8>> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses an address where nothing is.
    let memory = unsafe {
        libc::mmap(ptr::null_mut(), size, access, libc::MAP_SHARED, socket.as_raw_fd(), 0)
    };
    if memory == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(memory.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

fn bind(socket: &OwnedFd, index: c_int) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: index,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let size = size_of_val(&address) as libc::socklen_t;
    // SAFETY: it reads this one value.
    told(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) })?;
    Ok(())
}

/// Sets an option, whose value is plain data or, for a filter, leads to such.
fn set<T>(socket: &OwnedFd, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let (at, size) = (ptr::from_ref(value).cast::<c_void>(), size_of::<T>());
    // SAFETY: the kernel reads so many bytes at the address, and keeps a copy of what it needs.
    told(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, at, size as u32) })?;
    Ok(())
}

/// Asks for an option, which is one or several whole numbers.
fn get<T: Default + Copy>(socket: &OwnedFd, level: c_int, name: c_int) -> io::Result<T> {
    let (mut value, mut size) = (T::default(), size_of::<T>() as libc::socklen_t);
    let at = (&raw mut value).cast::<c_void>();
    // SAFETY: the kernel writes at most so many bytes at the address; any bytes are whole numbers.
    told(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, at, &raw mut size) })?;
    Ok(value)
}

fn told(answer: c_int) -> io::Result<c_int> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

//! What `serve` asks of the kernel and the allocator, so that no request waits for what it has no part
//! in. Whatever is refused, everything works as before, with slower ones among the requests. The only
//! unsafe code of the project beside the packet socket of live captures: none of these calls has a safe
//! wrapper.

use std::ffi::c_long;

/// How long the allocator keeps free memory before it gives it back to the system, in milliseconds: longer
/// than what is kept for a step of the store. Giving back stops whoever happens to allocate, and the memory
/// has to be cleared when it is needed again; with the second of mimalloc's own choice that was seen to
/// take milliseconds of a request.
const KEEP_MEMORY: c_long = 20_000;

/// `mi_option_purge_delay` of mimalloc 2 and 3, which the bindings leave out. Numbers of options stay:
/// mimalloc keeps places for those it has given up.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// How far everything but traffic steps back, see `nice(1)`: where the processor is full, the judgement
/// has a quarter of it beside one thread of traffic.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Longest turn of a thread while another one wants to run, in nanoseconds: the shortest that the kernel
/// takes. Its own choice is some milliseconds, which a request would have to wait.
#[cfg(target_os = "linux")]
const TURN: u64 = 100_000;

/// Keeps free memory for a while. To be called before other threads are started.
#[expect(unsafe_code, reason = "the bindings have no safe form of it")]
pub(super) fn keep_memory() {
    // SAFETY: it writes one number of a table, which is not thread-safe: no other thread writes it.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEEP_MEMORY) };
}

/// Keeps the memory of the process in small pages: the kernel clears a huge one (2 MiB) while the
/// request that touched it first waits, which was seen to take milliseconds.
pub(super) fn small_pages() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}

/// Gives the calling thread short turns, and all threads that it starts from now on.
pub(super) fn short_turns() {
    #[cfg(target_os = "linux")]
    set(0);
}

/// The calling thread steps back, and all threads that it starts from now on. Only Linux has a priority
/// for each thread; elsewhere nothing changes.
pub(super) fn step_back() {
    #[cfg(target_os = "linux")]
    set(NICE);
}

/// Lowers the priority by so much, and sets the length of turns. Kernels before 6.12 take the priority
/// alone.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe wrapper of this system call takes a turn's length")]
fn set(lower: i32) {
    let Ok(nice) = rustix::process::getpriority_process(None) else { return };
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: (nice + lower).min(19),
        sched_priority: 0,
        sched_runtime: TURN,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `size` bytes at the address, which live until it returns, and changes no
    // memory. 0 is the calling thread; there are no flags.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Nice value of the calling thread: field 19 of `proc_pid_stat(5)`.
    fn nice() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("readable");
        let fields = stat.rsplit_once(')').expect("a name").1;
        fields.split_whitespace().nth(16).and_then(|field| field.parse().ok()).expect("a number")
    }

    #[test]
    #[expect(unsafe_code, reason = "the bindings have no safe form of it")]
    fn the_option_is_the_delay() {
        // SAFETY: it reads one number of a table.
        let delay = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), 1_000, "what mimalloc 3 documents as its own choice");
        keep_memory();
        assert_eq!(delay(), KEEP_MEMORY);
    }

    #[test]
    fn a_thread_steps_back_with_those_it_starts_and_no_other() {
        let before = nice();
        let (own, started) = std::thread::spawn(move || {
            short_turns();
            assert_eq!(nice(), before, "short turns are no lower priority");
            step_back();
            (nice(), std::thread::spawn(nice).join().expect("ends"))
        })
        .join()
        .expect("ends");
        let lower = (before + NICE).min(19);
        assert_eq!((own, started), (lower, lower));
        assert_eq!(nice(), before);
    }
}

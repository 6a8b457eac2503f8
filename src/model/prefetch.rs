//! Memory that is about to be needed.

/// Has what is there begin to come into the processor's caches, and waits for nothing. Where the language
/// has no word for that, it does nothing.
#[inline]
pub fn prefetch<T>(it: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: it neither reads nor writes; the address is that of something that is there.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(it).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = it;
}

/* SPDX-License-Identifier: MIT */
/*
 * The machine below the kernel: everything the kernel may ask of a target, in one struct.
 *
 * The host is not trusted.  An operation copies its results into TEE memory, once, and never
 * past the length it was given; nothing else about them has been checked, so the one caller,
 * kernel/host/, checks before anyone else sees them.  TRUSTED operations are answered inside the
 * TEE.  All return 0 or -errno (or a count).  Only park() and poll() may wait, neither longer
 * than deadline_ns (CLOCK_MONOTONIC; NO_DEADLINE: for ever); both end early when the thread is
 * unparked, and at once if it was unparked since the last time it waited.
 *
 * One user thread is one thread slot is one host thread (one TCS on SGX).  A slot's number is
 * its cookie; its thread block (abi/thread_block.h) and kernel stack stand at a place both sides
 * compute from struct boot_params (abi/image.h).
 */
#pragma once
#include "kernel/lib/types.h"

/* A descriptor that lives on the host.  A struct, so that it cannot be mixed up with a
 * process's fd. */
typedef struct {
    s64 id;
} hfd;
#define HFD_NONE    ((hfd){ .id = -1 })

#define NO_DEADLINE UINT64_MAX

enum hostop {
#define HOSTOP(name, result, b0, b1, b2) HOSTOP_##name,
#include "abi/hostop.def"
#undef HOSTOP
    HOSTOP_COUNT
};

/* One host operation.  ptr points into TEE memory; the target's inner half moves the bytes. */
struct hostcall {
    enum hostop op;
    hfd fd;
    u64 arg[4];
    struct {
        void *ptr;
        size_t len;
    } buf[3];
    u64 out[2];
};

struct host_poll {
    hfd fd;
    u32 events;
    u32 ready;                                   /* POLLIN ...                              */
};

enum target_flags {
    TARGET_TEE = 1u << 0,                        /* report(), quote(), seal_key() work      */
    TARGET_TSC = 1u << 1,                        /* user code may execute rdtsc             */
};

/* clock(TARGET_CLOCK_OF_SLOT | cookie): CPU time of the host thread that runs a slot. */
#define TARGET_CLOCK_OF_SLOT 0x80000000u

enum { TARGET_PROT_NONE = 0, TARGET_PROT_READ = 1, TARGET_PROT_WRITE = 2, TARGET_PROT_EXEC = 4 };

struct kernel_gates;

struct target {
    const char *name;                            /* what MYST_TARGET says                   */
    u32 flags;

    /* The kernel's entry points.  Called once, before anything else. */
    int (*attach)(const struct kernel_gates *gates); /* TRUSTED                             */

    /* memory: whole pages inside the reserved region */
    int (*protect)(void *addr, size_t len, u32 prot); /* TRUSTED; commits what it must      */
    int (*discard)(void *addr, size_t len);           /* TRUSTED; reads as zero when used again */
    int (*sync_cores)(void);                          /* every thread refetches its instructions */

    /* threads */
    int (*thread_create)(u64 cookie);            /* host calls gates->thread_main(cookie)   */
    void (*thread_exit)(u64 cookie) __attribute__((noreturn)); /* the slot may be used again */
    int (*park)(u64 cookie, u64 deadline_ns);    /* may return 0 for no reason; -ETIMEDOUT  */
    int (*unpark)(u64 cookie);                   /* before the park: the park returns       */
    int (*interrupt)(u64 cookie);                /* make it leave user mode, soon           */
    /* Advice: run the slot's host thread on these processors only.  NULL: no such thing. */
    int (*set_affinity)(u64 cookie, const u64 *mask, size_t words);
    void (*exit)(int status) __attribute__((noreturn));

    /* time, entropy, identity */
    int (*clock)(u32 clock_id, u64 *ret_ns);
    int (*random)(void *dst, size_t len);                     /* TRUSTED                    */
    int (*report)(const u8 data[64], void *dst, size_t *len); /* TRUSTED                    */
    int (*quote)(const u8 data[64], void *dst, size_t *len);
    int (*seal_key)(u32 policy, const u8 id[32], u8 key[32]); /* TRUSTED                    */

    /* host files and sockets: abi/hostop.def */
    s64 (*call)(struct hostcall *c);
    int (*poll)(u64 cookie, struct host_poll *set, u32 n, u64 deadline_ns);
};

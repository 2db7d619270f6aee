/* SPDX-License-Identifier: MIT */
/*
 * What an application needs to talk to the trusted execution environment it runs in: the numbers of
 * the system calls, for syscall(2), and what they exchange.
 *
 *     long syscall(SYS_myst_max_threads);
 *     long syscall(SYS_myst_gen_creds, uint8_t **cert, size_t *cert_size,
 *                  uint8_t **private_key, size_t *private_key_size);
 *     long syscall(SYS_myst_free_creds, uint8_t *cert, size_t cert_size,
 *                  uint8_t *private_key, size_t private_key_size);
 *     long syscall(SYS_myst_verify_cert, uint8_t *cert, size_t cert_size,
 *                  int (*verifier)(myst_tee_identity_t *identity, void *arg), void *arg);
 *     long syscall(SYS_myst_gen_creds_ex, ... as gen_creds ..., uint8_t **report, size_t *size);
 *     long syscall(SYS_myst_free_creds_ex, ... as free_creds ..., uint8_t *report, size_t size);
 *
 * C and C++.  Outside a trusted execution environment the calls fail; the environment variable
 * MYST_TARGET says where a program runs.
 */
#pragma once
#include <stdint.h>

#define MYST_UNIQUE_ID_SIZE  32
#define MYST_SIGNER_ID_SIZE  32
#define MYST_PRODUCT_ID_SIZE 16

/* Where credentials are when MYST_WANT_TEE_CREDENTIALS asks for them. */
#define MYST_CERTIFICATE_PATH        "/tmp/myst.crt"
#define MYST_PRIVATE_KEY_PATH        "/tmp/myst.key"
#define MYST_ATTESTATION_REPORT_PATH "/tmp/myst.report"

enum {
    SYS_myst_max_threads = 1008,
    SYS_myst_gen_creds = 1009,
    SYS_myst_free_creds = 1010,
    SYS_myst_verify_cert = 1011,
    SYS_myst_gen_creds_ex = 1012,
    SYS_myst_free_creds_ex = 1013,

    /* Each takes one pointer to an array of uint64_t: the arguments of the function it is named
     * after, in order. */
    SYS_myst_oe_get_report_v2 = 1014,
    SYS_myst_oe_free_report = 1015,
    SYS_myst_oe_get_target_info_v2 = 1016,
    SYS_myst_oe_free_target_info = 1017,
    SYS_myst_oe_parse_report = 1018,
    SYS_myst_oe_verify_report = 1019,
    SYS_myst_oe_get_seal_key_by_policy_v2 = 1020,
    SYS_myst_oe_get_public_key_by_policy = 1021,
    SYS_myst_oe_get_public_key = 1022,
    SYS_myst_oe_get_private_key_by_policy = 1023,
    SYS_myst_oe_get_private_key = 1024,
    SYS_myst_oe_free_key = 1025,
    SYS_myst_oe_get_seal_key_v2 = 1026,
    SYS_myst_oe_free_seal_key = 1027,
    SYS_myst_oe_generate_attestation_certificate = 1028,
    SYS_myst_oe_free_attestation_certificate = 1029,
    SYS_myst_oe_verify_attestation_certificate = 1030,
    SYS_myst_oe_result_str = 1031,
    SYS_myst_oe_get_enclave_start_address = 1032,
    SYS_myst_oe_get_enclave_base_address = 1033,
};

enum {
    MYST_TEE_ATTRIBUTE_DEBUG = 1,                /* a debug enclave: its secrets are readable */
    MYST_TEE_ATTRIBUTE_REMOTE = 2,               /* can be verified on other machines       */
};

/* Who an application is, as its environment's evidence says.  96 bytes. */
typedef struct myst_tee_identity {
    uint32_t id_version;                         /* 0                                       */
    uint32_t security_version;
    uint64_t attributes;                         /* MYST_TEE_ATTRIBUTE_*                    */
    uint8_t unique_id[MYST_UNIQUE_ID_SIZE];      /* hash of the image                       */
    uint8_t signer_id[MYST_SIGNER_ID_SIZE];      /* hash of the signer's public key         */
    uint8_t product_id[MYST_PRODUCT_ID_SIZE];    /* little-endian                           */
} myst_tee_identity_t;

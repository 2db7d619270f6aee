/* SPDX-License-Identifier: MIT */
/*
 * Formatted text.
 *
 * A specification is parsed into a struct spec, the argument becomes a run of characters, and one
 * function places it (width, padding, sign or prefix).  The output counts what does not fit.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

enum { NUMBER_MAX = 24 };                        /* 64 bits in octal are 22 digits          */

struct out {
    char *dst;
    size_t size, len;
};

struct spec {
    bool left, zero, plus, space, alt, has_precision;
    int width, precision;
    char length;                                 /* 'H' for hh, 'q' for ll, or the letter   */
};

static void out_char(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->dst[o->len] = c;
    o->len++;
}

static void out_pad(struct out *o, char c, int count)
{
    while (count-- > 0)
        out_char(o, c);
}

static void out_text(struct out *o, const char *s, size_t len)
{
    while (len--)
        out_char(o, *s++);
}

/* prefix ("-", "0x", ...) and body within the field's width; zeros go between the two. */
static void out_field(struct out *o, const struct spec *spec, const char *prefix, int zeros,
                      const char *body, size_t len)
{
    int pad = spec->width - (int)strlen(prefix) - zeros - (int)len;

    if (!spec->left)
        out_pad(o, ' ', pad);
    out_text(o, prefix, strlen(prefix));
    out_pad(o, '0', zeros);
    out_text(o, body, len);
    if (spec->left)
        out_pad(o, ' ', pad);
}

static void out_number(struct out *o, const struct spec *spec, const char *prefix, u64 value,
                       u32 base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[NUMBER_MAX];
    size_t at = sizeof(text);
    int zeros = 0;

    if (!value && base != 10)
        prefix = "";                             /* as in C: 0 has no prefix                */
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value);

    size_t len = sizeof(text) - at;

    if (spec->has_precision)
        zeros = spec->precision - (int)len;
    else if (spec->zero && !spec->left)
        zeros = spec->width - (int)strlen(prefix) - (int)len;
    out_field(o, spec, prefix, zeros > 0 ? zeros : 0, text + at, len);
}

static void out_signed(struct out *o, const struct spec *spec, s64 value)
{
    u64 magnitude = value < 0 ? -(u64)value : (u64)value;

    out_number(o, spec,
               value < 0     ? "-"
               : spec->plus  ? "+"
               : spec->space ? " "
                             : "",
               magnitude, 10, false);
}

static void out_string(struct out *o, const struct spec *spec, const char *s)
{
    if (!s)
        s = "(null)";
    out_field(o, spec, "", 0, s,
              spec->has_precision ? strnlen(s, (size_t)spec->precision) : strlen(s));
}

struct args {
    va_list list;
};

static s64 arg_signed(struct args *a, char length)
{
    switch (length) {
    case 'H':
        return (signed char)va_arg(a->list, int);
    case 'h':
        return (short)va_arg(a->list, int);
    case 'l':
    case 'q':
    case 'z':
    case 'j':
    case 't':
        return va_arg(a->list, s64);
    default:
        return va_arg(a->list, int);
    }
}

static u64 arg_unsigned(struct args *a, char length)
{
    switch (length) {
    case 'H':
        return (u8)va_arg(a->list, u32);
    case 'h':
        return (u16)va_arg(a->list, u32);
    case 'l':
    case 'q':
    case 'z':
    case 'j':
    case 't':
        return va_arg(a->list, u64);
    default:
        return va_arg(a->list, u32);
    }
}

static int parse_count(const char **fmt, struct args *a)
{
    int n = 0;

    if (**fmt == '*') {
        (*fmt)++;
        return va_arg(a->list, int);
    }
    while (**fmt >= '0' && **fmt <= '9')
        n = n * 10 + (*(*fmt)++ - '0');
    return n;
}

static void parse_flags(const char **fmt, struct spec *spec)
{
    for (;; (*fmt)++) {
        switch (**fmt) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zero = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alt = true;
            break;
        default:
            return;
        }
    }
}

static void parse_spec(const char **fmt, struct args *a, struct spec *spec)
{
    parse_flags(fmt, spec);
    spec->width = parse_count(fmt, a);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    if (**fmt == '.') {
        (*fmt)++;
        spec->precision = parse_count(fmt, a);
        spec->has_precision = spec->precision >= 0;
    }
    while (**fmt == 'h' || **fmt == 'l' || **fmt == 'z' || **fmt == 'j' || **fmt == 't') {
        char c = *(*fmt)++;

        spec->length = c == spec->length ? (c == 'h' ? 'H' : 'q') : c;
    }
}

static void out_conversion(struct out *o, char conversion, const struct spec *spec, struct args *a)
{
    char c;

    switch (conversion) {
    case 'd':
    case 'i':
        out_signed(o, spec, arg_signed(a, spec->length));
        return;
    case 'u':
        out_number(o, spec, "", arg_unsigned(a, spec->length), 10, false);
        return;
    case 'o':
        out_number(o, spec, spec->alt ? "0" : "", arg_unsigned(a, spec->length), 8, false);
        return;
    case 'x':
    case 'X':
        out_number(o, spec, spec->alt ? "0x" : "", arg_unsigned(a, spec->length), 16,
                   conversion == 'X');
        return;
    case 'p':
        out_number(o, spec, "0x", (u64)va_arg(a->list, void *), 16, false);
        return;
    case 'c':
        c = (char)va_arg(a->list, int);
        out_field(o, spec, "", 0, &c, 1);
        return;
    case 's':
        out_string(o, spec, va_arg(a->list, const char *));
        return;
    default:
        out_char(o, conversion);
    }
}

int kvsnprintf(char *dst, size_t size, const char *fmt, va_list args)
{
    struct out o = { .dst = dst, .size = size };
    struct args a;

    va_copy(a.list, args);
    while (*fmt) {
        struct spec spec = { 0 };

        if (*fmt != '%') {
            out_char(&o, *fmt++);
            continue;
        }
        fmt++;
        parse_spec(&fmt, &a, &spec);
        if (!*fmt)
            break;
        out_conversion(&o, *fmt++, &spec, &a);
    }
    va_end(a.list);
    if (size)
        dst[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int ksnprintf(char *dst, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = kvsnprintf(dst, size, fmt, args);
    va_end(args);
    return len;
}

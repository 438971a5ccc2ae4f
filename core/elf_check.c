/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_check.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#else
#error "add this machine's EM_ constant of elf.h"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_HERE ELFDATA2LSB
#else
#define BYTE_ORDER_HERE ELFDATA2MSB
#endif

/** An object being looked at. */
typedef struct object {
    int fd;
    uint64_t size;
    Elf64_Ehdr header;
    Elf64_Shdr *sections; /**< header.e_shnum of them */
} object;

static int truncated(const object *in, const char *what, uint64_t expected, tlm_error *error)
{
    return tlm_error_set(error, -EINVAL,
                         "%s: expected a file of at least %" PRIu64 " bytes, found %" PRIu64 ": it is truncated", what,
                         expected, in->size);
}

/** Reads a part of the file whole. */
static int read_part(const object *in, const char *what, uint64_t offset, void *part, uint64_t size, tlm_error *error)
{
    char *to = part;
    if (offset > in->size || size > in->size - offset)
        return truncated(in, what, offset > UINT64_MAX - size ? UINT64_MAX : offset + size, error);
    while (size > 0) {
        ssize_t got = pread(in->fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return tlm_error_set(error, got < 0 ? -errno : -EIO, "%s: cannot read it: %s", what,
                                 got < 0 ? strerror(errno) : "the file has become shorter");
        to += got;
        offset += (uint64_t)got;
        size -= (uint64_t)got;
    }
    return 0;
}

/** Allocates and reads a table of the file. */
static int read_table(const object *in, const char *what, uint64_t offset, uint64_t size, void **ret_table,
                      tlm_error *error)
{
    if (size == 0 || size > TLM_ELF_TABLE_SIZE_MAX)
        return tlm_error_set(error, -EINVAL, "%s: expected 1 to %u bytes, found %" PRIu64, what, TLM_ELF_TABLE_SIZE_MAX,
                             size);
    void *table = malloc(size);
    if (!table)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    int result = read_part(in, what, offset, table, size, error);
    if (result < 0)
        free(table);
    else
        *ret_table = table;
    return result;
}

static int check_header(object *in, tlm_error *error)
{
    const Elf64_Ehdr *header = &in->header;
    if (in->size < SELFMAG)
        return tlm_error_set(error, -EINVAL, "file: expected an ELF shared object, found %" PRIu64 " bytes", in->size);
    int result = read_part(in, "ELF magic", 0, &in->header, SELFMAG, error);
    if (result < 0)
        return result;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return tlm_error_set(error, -EINVAL, "file: expected an ELF shared object, found another kind of file");
    result = read_part(in, "ELF header", 0, &in->header, sizeof in->header, error);
    if (result < 0)
        return result;
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return tlm_error_set(error, -EINVAL, "ELF class: expected 64 bits (%d), found %d", ELFCLASS64,
                             header->e_ident[EI_CLASS]);
    if (header->e_ident[EI_DATA] != BYTE_ORDER_HERE)
        return tlm_error_set(error, -EINVAL, "ELF byte order: expected this machine's (%d), found %d", BYTE_ORDER_HERE,
                             header->e_ident[EI_DATA]);
    if (header->e_machine != MACHINE)
        return tlm_error_set(error, -EINVAL, "ELF machine: expected this one's (%d), found %d", MACHINE,
                             header->e_machine);
    if (header->e_type != ET_DYN)
        return tlm_error_set(error, -EINVAL, "ELF type: expected a shared object (%d), found %d", ET_DYN,
                             header->e_type);
    return 0;
}

/** Every loaded byte must be in the file: touching a missing one kills the process. */
static int check_segments(const object *in, tlm_error *error)
{
    void *table = NULL;
    if (in->header.e_phentsize != sizeof(Elf64_Phdr))
        return tlm_error_set(error, -EINVAL, "ELF e_phentsize: expected %zu, found %u", sizeof(Elf64_Phdr),
                             in->header.e_phentsize);
    int result = read_table(in, "ELF segments", in->header.e_phoff, (uint64_t)in->header.e_phnum * sizeof(Elf64_Phdr),
                            &table, error);
    const Elf64_Phdr *segments = table;
    for (uint32_t i = 0; result == 0 && i < in->header.e_phnum; i++) {
        uint64_t end = 0;
        if (__builtin_add_overflow(segments[i].p_offset, segments[i].p_filesz, &end) || end > in->size)
            result = truncated(in, "ELF segments", end, error);
    }
    free(table);
    return result;
}

static int read_sections(object *in, tlm_error *error)
{
    void *table = NULL;
    if (in->header.e_shentsize != sizeof(Elf64_Shdr))
        return tlm_error_set(error, -EINVAL, "ELF e_shentsize: expected %zu, found %u", sizeof(Elf64_Shdr),
                             in->header.e_shentsize);
    int result = read_table(in, "ELF sections", in->header.e_shoff, (uint64_t)in->header.e_shnum * sizeof(Elf64_Shdr),
                            &table, error);
    if (result == 0)
        in->sections = table;
    return result;
}

/** The size of an exported data symbol in one symbol table; 0 when it is not there. */
static uint64_t find_symbol(const Elf64_Sym *symbols, uint64_t count, const char *names, uint64_t names_size,
                            const char *symbol)
{
    size_t size = strlen(symbol) + 1;
    for (uint64_t i = 0; i < count; i++) {
        const Elf64_Sym *at = &symbols[i];
        if (at->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(at->st_info) != STT_OBJECT)
            continue;
        if (at->st_name < names_size && names_size - at->st_name >= size &&
            memcmp(names + at->st_name, symbol, size) == 0)
            return at->st_size;
    }
    return 0;
}

/** Looks through the dynamic symbols, of which an object has one table at most. */
static int check_symbol(const object *in, const char *symbol, uint64_t *ret_size, tlm_error *error)
{
    void *symbols = NULL, *names = NULL;
    const Elf64_Shdr *table = NULL;
    uint64_t size = 0;
    for (uint32_t i = 0; i < in->header.e_shnum && !table; i++)
        table = in->sections[i].sh_type == SHT_DYNSYM ? &in->sections[i] : NULL;
    if (!table || table->sh_link >= in->header.e_shnum)
        return tlm_error_set(error, -EINVAL, "ELF dynamic symbols: expected '%s' among them, found no such table",
                             symbol);
    const Elf64_Shdr *strings = &in->sections[table->sh_link];
    int result = read_table(in, "ELF dynamic symbols", table->sh_offset, table->sh_size, &symbols, error);
    if (result == 0)
        result = read_table(in, "ELF dynamic strings", strings->sh_offset, strings->sh_size, &names, error);
    if (result == 0)
        size = find_symbol(symbols, table->sh_size / sizeof(Elf64_Sym), names, strings->sh_size, symbol);
    free(symbols);
    free(names);
    if (result == 0 && size == 0)
        return tlm_error_set(error, -EINVAL,
                             "ELF dynamic symbols: expected the data symbol '%s', found none of that name", symbol);
    if (result == 0)
        *ret_size = size;
    return result;
}

int tlm_elf_check(int fd, const char *symbol, uint64_t *ret_symbol_size, tlm_error *error)
{
    struct stat about;
    object in = {.fd = fd};
    if (fstat(fd, &about) < 0) {
        int code = errno;
        return tlm_error_set(error, -code, "file: %s", strerror(code));
    }
    in.size = (uint64_t)about.st_size;
    int result = check_header(&in, error);
    if (result == 0)
        result = check_segments(&in, error);
    if (result == 0)
        result = read_sections(&in, error);
    if (result == 0)
        result = check_symbol(&in, symbol, ret_symbol_size, error);
    free(in.sections);
    return result;
}

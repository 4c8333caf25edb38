/* What the real libxlutil reads: requests on standard input, answers on standard output.
 *
 * A request is one letter, a 32-bit length (host order), and that many bytes:
 *   C  a configuration: NUL-ended names of the keys to ask for, an empty name, then the text
 *   D  a disk specification
 *   M  a MAC address, read with strtoul as xl does
 * An answer is a 32-bit length and that many bytes: "E" for refused, else "O" and the values.
 * crates/xlcfg/examples/oracle/ builds the same bytes from its own reading and compares.
 */
#include <libxlutil.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static FILE *report;
static char *answer;
static size_t answer_len, answer_cap;

static void put(const void *bytes, size_t len) {
    if (answer_len + len > answer_cap) {
        answer_cap = (answer_len + len) * 2;
        answer = realloc(answer, answer_cap);
        if (!answer) abort();
    }
    if (len) memcpy(answer + answer_len, bytes, len);
    answer_len += len;
}

static void put_text(const char *text) { put(text, strlen(text)); }

static void put_number(long number) {
    char buffer[32];
    put(buffer, (size_t)snprintf(buffer, sizeof buffer, "%ld", number));
}

/* A string with its length in front, or "-" for none. */
static void put_string(const char *text) {
    if (!text) { put_text("-"); return; }
    put_text("S");
    put_number((long)strlen(text));
    put_text(":");
    put_text(text);
}

static void put_value(XLU_Config *cfg, XLU_ConfigValue *value, int depth) {
    char *text;
    XLU_ConfigList *list;
    if (xlu_cfg_value_type(value) == XLU_STRING) {
        if (xlu_cfg_value_get_string(cfg, value, &text, 1)) abort();
        put_string(text);
        return;
    }
    if (xlu_cfg_value_get_list(cfg, value, &list, 1)) abort();
    put_text("[");
    for (int i = 0; depth < 600; i++) {
        XLU_ConfigValue *item = xlu_cfg_get_listitem2(list, i);
        if (!item) break;
        put_value(cfg, item, depth + 1);
    }
    put_text("]");
}

static void ask(XLU_Config *cfg, const char *key) {
    const char *text;
    long number;
    XLU_ConfigList *list;
    int items;
    put_text(key);
    put_text("=");
    if (!xlu_cfg_get_string(cfg, key, &text, 1)) {
        put_string(text);
        if (xlu_cfg_get_long(cfg, key, &number, 1)) put_text("!");
        else { put_text("#"); put_number(number); }
    } else if (!xlu_cfg_get_list(cfg, key, &list, &items, 1)) {
        put_text("[");
        for (int i = 0; i < items; i++) put_value(cfg, xlu_cfg_get_listitem2(list, i), 1);
        put_text("]");
    } else {
        put_text("-");
    }
    put_text("\n");
}

static void config(char *request, size_t len) {
    char *text = request;
    XLU_Config *cfg = xlu_cfg_init(report, "oracle");
    if (!cfg) abort();
    while (*text) text += strlen(text) + 1;
    text++;
    if (xlu_cfg_readdata(cfg, text, (int)(len - (size_t)(text - request)))) {
        put_text("E");
    } else {
        put_text("O\n");
        for (char *key = request; *key; key += strlen(key) + 1) ask(cfg, key);
    }
    xlu_cfg_destroy(cfg);
}

static void disk(const char *spec) {
    libxl_device_disk disk;
    XLU_Config *cfg = xlu_cfg_init(report, "oracle");
    if (!cfg) abort();
    libxl_device_disk_init(&disk);
    if (xlu_disk_parse(cfg, 1, &spec, &disk)) {
        put_text("E");
    } else {
        put_text("O\n");
        put_string(disk.pdev_path);
        put_string(disk.vdev);
        put_string(libxl_disk_format_to_string(disk.format));
        put_string(libxl_disk_backend_to_string(disk.backend));
        put_string(disk.backend_domname);
        put_string(disk.script);
        put_number(disk.readwrite);
        put_number(disk.is_cdrom);
        put_number(disk.direct_io_safe);
        put_string(libxl_defbool_to_string(disk.discard_enable));
    }
    libxl_device_disk_dispose(&disk);
    xlu_cfg_destroy(cfg);
}

static void mac(const char *text) {
    unsigned char octets[6];
    const char *end = text + strlen(text);
    for (int i = 0; i < 6; i++) {
        char *after;
        if (text >= end) { put_text("E"); return; }
        unsigned int value = (unsigned int)strtoul(text, &after, 16);
        if (after == text || value > 255) { put_text("E"); return; }
        octets[i] = (unsigned char)value;
        text = after + 1;
    }
    put_text("O");
    put(octets, sizeof octets);
}

int main(void) {
    int letter;
    report = fopen("/dev/null", "w");
    if (!report) return 1;
    while ((letter = getchar()) != EOF) {
        uint32_t len;
        if (fread(&len, sizeof len, 1, stdin) != 1) return 1;
        char *request = malloc((size_t)len + 1);
        if (!request || (len && fread(request, len, 1, stdin) != 1)) return 1;
        request[len] = 0;
        answer_len = 0;
        switch (letter) {
        case 'C': config(request, len); break;
        case 'D': disk(request); break;
        case 'M': mac(request); break;
        default: return 1;
        }
        free(request);
        len = (uint32_t)answer_len;
        fwrite(&len, sizeof len, 1, stdout);
        fwrite(answer, 1, answer_len, stdout);
        fflush(stdout);
    }
    return 0;
}

/*
 * A program of UEFI that starts a kernel which lies in its own file.
 *
 * Sections of the file: .linux (the kernel, itself a program of UEFI), .initrd (an initramfs, which
 * may be missing) and .cmdline (text in ASCII, which may be missing). The kernel asks for its
 * initramfs by the protocol EFI_LOAD_FILE2 at a device path of the vendor kind (Linux: The EFI Boot
 * Stub). Names and numbers are those of the UEFI specification 2.10.
 *
 * There is no library below this, and no code that has to be relocated: no pointer is
 * initialised by the linker.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
#define EFIAPI __attribute__((ms_abi))
#else
#define EFIAPI
#endif

typedef size_t status;
typedef void *handle;

#define ERROR(number) ((status)(number) | (status)1 << (8 * sizeof(status) - 1))
#define SUCCESS 0
#define LOAD_ERROR ERROR(1)
#define INVALID_PARAMETER ERROR(2)
#define UNSUPPORTED ERROR(3)
#define BUFFER_TOO_SMALL ERROR(5)
#define NOT_FOUND ERROR(14)

#define BY_HANDLE_PROTOCOL 1
#define LOADER_DATA 2

struct guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

static const struct guid LOADED_IMAGE = {0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid DEVICE_PATH = {0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid LOAD_FILE2 = {0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};
/* LINUX_EFI_INITRD_MEDIA_GUID */
static const struct guid INITRD = {0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}};

struct table_header {
	uint64_t signature;
	uint32_t revision, size, crc32, reserved;
};

struct text_output {
	void *reset;
	status (EFIAPI *output_string)(struct text_output *self, uint16_t *text);
};

struct boot_services {
	struct table_header header;
	void *raise_tpl, *restore_tpl;
	void *allocate_pages, *free_pages, *get_memory_map;
	status (EFIAPI *allocate_pool)(int kind, size_t size, void **buffer);
	status (EFIAPI *free_pool)(void *buffer);
	void *create_event, *set_timer, *wait_for_event, *signal_event, *close_event, *check_event;
	void *install_protocol, *reinstall_protocol, *uninstall_protocol;
	status (EFIAPI *handle_protocol)(handle of, const struct guid *protocol, void **interface);
	void *reserved, *register_notify, *locate_handle, *locate_device_path, *install_configuration_table;
	status (EFIAPI *load_image)(uint8_t policy, handle parent, void *path, void *source, size_t size, handle *image);
	status (EFIAPI *start_image)(handle image, size_t *exit_size, uint16_t **exit_data);
	void *exit;
	status (EFIAPI *unload_image)(handle image);
	void *exit_boot_services, *next_monotonic_count;
	status (EFIAPI *stall)(size_t microseconds);
	void *set_watchdog, *connect_controller, *disconnect_controller;
	void *open_protocol, *close_protocol, *open_protocol_information, *protocols_per_handle;
	void *locate_handle_buffer, *locate_protocol;
	status (EFIAPI *install_protocols)(handle *at, ...);
	status (EFIAPI *uninstall_protocols)(handle at, ...);
};

struct system_table {
	struct table_header header;
	uint16_t *vendor;
	uint32_t revision;
	handle console_in_handle;
	void *console_in;
	handle console_out_handle;
	struct text_output *console_out;
	handle error_handle;
	struct text_output *error;
	void *runtime;
	struct boot_services *boot;
};

struct loaded_image {
	uint32_t revision;
	handle parent;
	struct system_table *system;
	handle device;
	void *path, *reserved;
	uint32_t options_size;
	void *options;
	uint8_t *base;
	uint64_t size;
};

struct __attribute__((packed)) node {
	uint8_t type, subtype;
	uint16_t length;
};

struct __attribute__((packed)) memory_path {
	struct node node;
	uint32_t kind;
	uint64_t first, last;
	struct node end;
};

struct __attribute__((packed)) vendor_path {
	struct node node;
	struct guid vendor;
	struct node end;
};

struct load_file2 {
	status (EFIAPI *load_file)(struct load_file2 *self, void *path, uint8_t policy, size_t *size, void *buffer);
	const uint8_t *content;
	size_t size;
};

struct part {
	uint8_t *start;
	size_t size;
};

/* The compiler may call these for assignments. */
void *memcpy(void *to, const void *from, size_t size)
{
	volatile uint8_t *out = to;
	const uint8_t *in = from;

	while (size--)
		*out++ = *in++;
	return to;
}

void *memset(void *to, int value, size_t size)
{
	volatile uint8_t *out = to;

	while (size--)
		*out++ = (uint8_t)value;
	return to;
}

static void say(struct system_table *system, const char *text)
{
	uint16_t wide[2] = {0, 0};

	for (; *text; text++) {
		wide[0] = (uint8_t)*text;
		system->console_out->output_string(system->console_out, wide);
	}
}

static status give_up(struct system_table *system, const char *what, status why)
{
	say(system, "efi-stub: ");
	say(system, what);
	say(system, "\r\n");
	system->boot->stall(3000000);
	return why;
}

static uint32_t word(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The section of that name in this program, which is loaded at `image->base`. */
static struct part section(const struct loaded_image *image, const char *name)
{
	const uint8_t *pe = image->base + word(image->base + 0x3c);
	unsigned count = pe[6] | pe[7] << 8, number, at;
	const uint8_t *header = pe + 24 + (pe[20] | pe[21] << 8);
	struct part found = {NULL, 0};

	for (number = 0; number < count; number++, header += 40) {
		for (at = 0; at < 8 && header[at] == (uint8_t)name[at] && name[at]; at++)
			;
		if ((at == 8 || header[at] == (uint8_t)name[at]) && (uint64_t)word(header + 12) + word(header + 8) <= image->size) {
			found.size = word(header + 8);
			found.start = image->base + word(header + 12);
		}
	}
	return found;
}

static status EFIAPI load_initrd(struct load_file2 *self, void *path, uint8_t policy, size_t *size, void *buffer)
{
	if (!self || !size)
		return INVALID_PARAMETER;
	if (policy)
		return UNSUPPORTED;
	if (!buffer || *size < self->size) {
		*size = self->size;
		return BUFFER_TOO_SMALL;
	}
	memcpy(buffer, self->content, self->size);
	*size = self->size;
	return SUCCESS;
}

/* Give the kernel its command line, as the text in UCS-2 that EFI has. */
static status set_options(struct boot_services *boot, struct loaded_image *kernel, struct part line)
{
	uint16_t *wide;
	size_t at;
	status result;

	if (!line.size)
		return SUCCESS;
	result = boot->allocate_pool(LOADER_DATA, 2 * (line.size + 1), (void **)&wide);
	if (result)
		return result;
	for (at = 0; at < line.size && line.start[at]; at++)
		wide[at] = line.start[at];
	wide[at] = 0;
	kernel->options = wide;
	kernel->options_size = (uint32_t)(2 * (at + 1));
	return SUCCESS;
}

status EFIAPI efi_main(handle self, struct system_table *system)
{
	struct boot_services *boot = system->boot;
	struct loaded_image *image, *kernel;
	struct part linux_part, initrd_part;
	struct memory_path path;
	struct vendor_path vendor;
	struct load_file2 loader;
	handle kernel_handle = NULL, initrd_handle = NULL;
	status result;

	result = boot->handle_protocol(self, &LOADED_IMAGE, (void **)&image);
	if (result)
		return give_up(system, "the firmware does not say where this program is", result);
	linux_part = section(image, ".linux");
	if (!linux_part.size)
		return give_up(system, "there is no kernel in this file", NOT_FOUND);

	path.node = (struct node){1, 3, sizeof path - sizeof path.end};
	path.kind = LOADER_DATA;
	path.first = (uint64_t)(uintptr_t)linux_part.start;
	path.last = path.first + linux_part.size;
	path.end = (struct node){0x7f, 0xff, sizeof path.end};
	result = boot->load_image(0, self, &path, linux_part.start, linux_part.size, &kernel_handle);
	if (result)
		return give_up(system, "the firmware does not load the kernel", result);
	result = boot->handle_protocol(kernel_handle, &LOADED_IMAGE, (void **)&kernel);
	if (!result)
		result = set_options(boot, kernel, section(image, ".cmdline"));
	if (result)
		return give_up(system, "the kernel does not get its command line", result);
	kernel->device = image->device;

	initrd_part = section(image, ".initrd");
	if (initrd_part.size) {
		loader.load_file = load_initrd;
		loader.content = initrd_part.start;
		loader.size = initrd_part.size;
		vendor.node = (struct node){4, 3, sizeof vendor - sizeof vendor.end};
		vendor.vendor = INITRD;
		vendor.end = (struct node){0x7f, 0xff, sizeof vendor.end};
		result = boot->install_protocols(&initrd_handle, &DEVICE_PATH, &vendor, &LOAD_FILE2, &loader, NULL);
		if (result)
			return give_up(system, "the firmware does not take the initramfs", result);
	}
	result = boot->start_image(kernel_handle, NULL, NULL);
	if (initrd_handle)
		boot->uninstall_protocols(initrd_handle, &DEVICE_PATH, &vendor, &LOAD_FILE2, &loader, NULL);
	return give_up(system, "the kernel came back", result ? result : LOAD_ERROR);
}

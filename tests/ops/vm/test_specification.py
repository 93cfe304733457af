"""The command line of qemu for each architecture, and what is found or missed of qemu on a machine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.ops import vm
from chx.ops.vm.platforms import PLATFORMS
from chx.ops.world import machine_system

BOOT = vm.KernelBoot("/a kernel", "/an,initramfs", ("console=ttyS0", "panic=-1"))
COMMON = "-m 1024M -smp 1 -nodefaults -no-user-config -display none -no-reboot"
NETWORK = "-netdev user,id=network -device virtio-net-pci,netdev=network,romfile="
GOLDEN = {
    "aarch64": "-M virt,gic-version=max -cpu cortex-a57",
    "ppc64": "-M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu power9",
    "ppc64le": "-M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu power9",
    "riscv64": "-M virt -cpu rv64",
    "x86_64": "-M q35 -cpu max",
}
CONSOLES = {"aarch64": "ttyAMA0", "ppc64": "hvc0", "ppc64le": "hvc0", "riscv64": "ttyS0", "x86_64": "ttyS0"}


def machine(name: str = "x86_64", **fields: object) -> vm.VirtualMachine:
    return vm.VirtualMachine(vm.platform_of(name), **{"boot": BOOT, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_smallest_machine_of_an_architecture(name: str) -> None:
    words = vm.qemu_arguments(machine(name), {"console": "stdio,signal=off"})
    assert " ".join(words) == (
        f"{GOLDEN[name]} -accel tcg,thread=multi {COMMON} -kernel /a kernel -initrd /an,initramfs "
        f"-append console=ttyS0 panic=-1 -device virtio-rng-pci {NETWORK} "
        "-chardev stdio,id=console,signal=off -serial chardev:console"
    )
    assert (PLATFORMS[name].console, PLATFORMS[name].name) == (CONSOLES[name], name)


def test_every_architecture_has_a_machine() -> None:
    profiles = Path(__file__).parents[3].glob("arch/*.nix")
    described = {file.stem for file in profiles if "demonstration = true" not in file.read_text()} - {"default"}
    assert described == set(PLATFORMS)
    with pytest.raises(vm.UnknownPlatform) as caught:
        vm.platform_of("vax")
    assert caught.value.hint == "there are: aarch64, ppc64, ppc64le, riscv64, x86_64"


def test_all_that_a_machine_may_have() -> None:
    words = vm.qemu_arguments(
        machine(
            boot=vm.FirmwareBoot(vm.Firmware("/code,4M", "/variables")),
            disks=(vm.Disk("/a,disk"), vm.Disk("/kept", is_temporary=False)),
            memory=2 << 30,
            processors=4,
            forwards=(vm.Forward.parse("2222:22"), vm.Forward.parse("8080:80")),
            accelerator="kvm",
            ports=("chx.status",),
        ),
        {"console": "socket,fd=5", "monitor": "socket,fd=6", "chx.status": "socket,fd=7"},
    )
    assert " ".join(words) == (
        "-M q35 -cpu host -accel kvm -m 2048M -smp 4 -nodefaults -no-user-config -display none -no-reboot "
        "-drive if=pflash,unit=0,format=raw,readonly=on,file=/code,,4M "
        "-drive if=pflash,unit=1,format=raw,snapshot=on,file=/variables "
        "-drive if=none,id=disk0,format=raw,cache=unsafe,file=/a,,disk -device virtio-blk-pci,drive=disk0,bootindex=0 "
        "-drive if=none,id=disk1,format=raw,cache=writeback,file=/kept -device virtio-blk-pci,drive=disk1 "
        "-device virtio-rng-pci "
        "-netdev user,id=network,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:8080-:80 "
        "-device virtio-net-pci,netdev=network,romfile= "
        "-chardev socket,id=console,fd=5 -serial chardev:console "
        "-chardev socket,id=monitor,fd=6 -mon chardev=monitor,mode=control "
        "-device virtio-serial-pci -chardev socket,id=chx.status,fd=7 "
        "-device virtserialport,chardev=chx.status,name=chx.status"
    )
    without = vm.qemu_arguments(machine(network=False, boot=vm.FirmwareBoot(vm.Firmware("/rom"))), {})
    assert "-bios /rom" in " ".join(without) and "net" not in " ".join(without)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"memory": 1000}, "1000 bytes of memory are too few"),
        ({"processors": 0}, "1 to 255 processors, and not 0"),
        ({"forwards": (vm.Forward(1, 2),), "network": False}, "without a network"),
        ({"forwards": (vm.Forward(1, 2), vm.Forward(1, 3))}, "port 1 of this machine is forwarded twice"),
        ({"boot": vm.KernelBoot("/k", None, ("a\nb",))}, "no text that a kernel can have"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_machine_can_have(fields: dict[str, object], text: str) -> None:
    with pytest.raises(vm.WrongOption, match=text):
        machine(**fields).check()


@given(st.text(max_size=12))
def test_a_forward_is_two_ports_or_refused(text: str) -> None:
    try:
        found = vm.Forward.parse(text)
    except vm.WrongOption:
        return
    assert 1 <= found.host <= 65535 and 1 <= found.guest <= 65535
    assert [int(part) for part in text.split(":")] == [found.host, found.guest]


@pytest.mark.parametrize("text", ["", "1", "1:", "0:1", "1:65536", "1:2:3", "a:1", "-1:2", "1:٣", "1:2\n"])
def test_no_forward(text: str) -> None:
    with pytest.raises(vm.WrongOption):
        vm.Forward.parse(text)


def test_a_missing_emulator_is_told_with_its_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(vm.EmulatorMissing) as caught:
        vm.find_emulator(vm.platform_of("aarch64"))
    assert caught.value.message == "there is no 'qemu-system-aarch64', which the machine runs in"
    assert caught.value.hint == (
        "install Debian's qemu-system-arm, or Alpine's qemu-system-aarch64, or Fedora's qemu-system-aarch64-core"
    )


def test_the_first_firmware_that_is_whole_is_taken(tmp_path: Path) -> None:
    platform = vm.platform_of("x86_64")
    with pytest.raises(vm.FirmwareMissing) as caught:
        vm.find_firmware(platform, str(tmp_path))
    assert caught.value.hint == "install Debian's ovmf, or Alpine's ovmf, or Fedora's edk2-ovmf"
    assert "  /usr/share/OVMF/OVMF_CODE_4M.fd" in caught.value.details
    folder = tmp_path / "usr/share/OVMF"
    folder.mkdir(parents=True)
    for name in ("OVMF_CODE_4M.fd", "OVMF_CODE.fd", "OVMF_VARS.fd"):
        (folder / name).touch()
    assert vm.find_firmware(platform, str(tmp_path)) == (f"{folder}/OVMF_CODE.fd", f"{folder}/OVMF_VARS.fd")
    with pytest.raises(vm.FirmwareMissing, match="ppc64le has no UEFI firmware"):
        vm.find_firmware(vm.platform_of("ppc64le"))


def test_kvm_is_used_where_it_answers_and_the_machine_is_the_same(tmp_path: Path) -> None:
    here = replace(vm.platform_of("x86_64"), name=machine_system().removesuffix("-linux"))
    other = replace(here, name="vax")
    (tmp_path / "kvm").touch()
    assert vm.best_accelerator(here, str(tmp_path / "kvm")) == "tcg"
    assert vm.best_accelerator(here, str(tmp_path / "missing")) == "tcg"
    assert vm.best_accelerator(other) == "tcg"
    assert vm.best_accelerator(here) == ("kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg")

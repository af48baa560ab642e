import pytest

from rmexp.hardware import device
from rmexp.hardware.device import device_count


@pytest.fixture
def accelerators(monkeypatch):
    def there(count):
        monkeypatch.setattr(device.torch.accelerator, "is_available", lambda: count > 0)
        monkeypatch.setattr(device.torch.accelerator, "device_count", lambda: count)

    return there


@pytest.mark.parametrize(("devices", "count"), [(3, 3), ("3", 3), ("auto", 1), (-1, 1)])
def test_on_the_processor_devices_are_processes(accelerators, devices, count):
    accelerators(0)
    assert device_count("auto", devices) == count
    accelerators(2)
    assert device_count("cpu", devices) == count


@pytest.mark.parametrize(("processors", "most"), [(2, 4), (16, 16), (None, 4)])
def test_more_processes_than_a_processor_is_for_are_refused(accelerators, monkeypatch, processors, most):
    accelerators(0)
    monkeypatch.setattr(device.os, "cpu_count", lambda: processors)
    assert device_count("cpu", most) == most
    with pytest.raises(ValueError, match=rf"trainer\.devices={most + 1} starts .* to at most {most}\)"):
        device_count("auto", most + 1)


@pytest.mark.parametrize(("devices", "count"), [(2, 2), ("auto", 4), (-1, 4), ([0, 3], 2), ("0,3", 2), ("1,", 1)])
def test_accelerators_are_counted_as_lightning_does(accelerators, devices, count):
    accelerators(4)
    assert device_count("gpu", devices) == count


@pytest.mark.parametrize("devices", [5, [0, 4], "4,"])
def test_more_than_there_are_is_refused(accelerators, devices):
    accelerators(4)
    with pytest.raises(ValueError, match=r"but this machine has 4 \(set trainer.devices=4\)"):
        device_count("auto", devices)


def test_an_accelerator_that_is_not_there_is_refused(accelerators):
    accelerators(0)
    with pytest.raises(ValueError, match=r"trainer\.accelerator=gpu, but torch finds no accelerator here"):
        device_count("gpu", 1)
    with pytest.raises(ValueError, match="must be at least 1"):
        device_count("cpu", 0)


def test_a_launcher_that_hides_the_other_accelerators_is_told(accelerators, monkeypatch):
    accelerators(1)
    monkeypatch.setattr(device, "launched", lambda: True)
    with pytest.raises(
        ValueError, match=r"trainer.devices=4, but this machine has 1 \(a launcher shows .*--gpus-per-t"
    ):
        device_count("gpu", 4)

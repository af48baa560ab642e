import logging

from rmexp.standard_streams import standard_streams


def test_of_what_others_log_errors_alone_are_shown(capsys):
    before = logging.getLogger().handlers
    logging.getLogger().handlers = []  # those of pytest
    try:
        with standard_streams():
            logging.getLogger("matplotlib").warning("a folder of mine")
            logging.getLogger("matplotlib").error("all is lost")
            logging.getLogger("rmexp.some").info("a line of ours")
    finally:
        logging.getLogger().handlers = before
    assert capsys.readouterr().err.splitlines() == ["all is lost", "a line of ours"]

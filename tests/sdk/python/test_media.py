"""Images and audio: binary answers, multipart requests."""

import base64
import io

import openai
import pytest

PNG = b"\x89PNG\r\n\x1a\n"
SOUND = b"RIFF" + bytes(range(256)) * 3


def test_an_image_is_generated(careful_world):
    answer = careful_world.client().images.generate(model="gpt-image-1", prompt="a fox", n=2)
    assert [base64.b64decode(image.b64_json)[:8] for image in answer.data] == [PNG, PNG]
    assert answer.data[0].revised_prompt == "a fox"


def test_an_image_is_edited(careful_world):
    image = ("fox.png", PNG + b"\x00\xff\x00", "image/png")
    answer = careful_world.client().images.edit(model="gpt-image-1", image=image, prompt="add a hat")
    assert base64.b64decode(answer.data[0].b64_json).startswith(PNG)
    assert answer.data[0].revised_prompt == "add a hat"
    sent = careful_world.seen(careful_world.calls[0])
    bodies = {base64.b64decode(one["body_base64"]) for one in sent}
    assert len(bodies) == 1, "every attempt sends the same bytes"
    assert image[1] in bodies.pop()


def test_speech_arrives_byte_for_byte(careful_world):
    answer = careful_world.client().audio.speech.create(model="tts-1", voice="alloy", input="Hello")
    expected = bytes([0xFF, 0xFB, 0x90, 0x00]) + (bytes(range(256)) * 5)[: 1024 + len("Hello")]
    assert answer.content == expected
    assert answer.response.headers["content-type"] == "audio/mpeg"


def test_speech_streams(careful_world):
    client = careful_world.client()
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Hello") as answer:
        assert len(b"".join(answer.iter_bytes())) == 4 + 1024 + len("Hello")


def test_speech_is_transcribed(world):
    answer = world.client().audio.transcriptions.create(model="whisper-1", file=("talk.wav", io.BytesIO(SOUND)))
    assert answer.text == f"Heard talk.wav of {len(SOUND)} bytes."


def test_a_transcript_may_be_plain_text(world):
    answer = world.client().audio.transcriptions.create(
        model="whisper-1", file=("talk.wav", SOUND), response_format="text"
    )
    assert answer == f"Heard talk.wav of {len(SOUND)} bytes.\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the client library discourages translations
def test_speech_is_translated(world):
    answer = world.client().audio.translations.create(model="whisper-1", file=("rede.wav", SOUND))
    assert answer.text == f"Heard rede.wav of {len(SOUND)} bytes."


def test_an_image_that_may_have_been_made_is_not_made_twice(doubtful_world):
    with pytest.raises(openai.InternalServerError):
        doubtful_world.client().images.generate(model="gpt-image-1", prompt="a fox")
    assert len(doubtful_world.seen()) == 1

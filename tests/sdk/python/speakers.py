"""The official clients, each behind the same few words, so that a feature is tested once for all of them."""

import dataclasses
import json

import anthropic
import openai
from google import genai
from google.genai import errors, types

from world import CLIENT_KEY


@dataclasses.dataclass
class Turn:
    """What came of a request, in words common to all clients."""

    text: str = ""
    calls: list = dataclasses.field(default_factory=list)  # (id, name, arguments)
    thought: str = ""
    input: int = 0
    output: int = 0
    cached: int = 0
    finish: str = ""
    pieces: int = 0
    history: list = dataclasses.field(default_factory=list)


class OpenAiChat:
    """`openai`, chat completions."""

    name = "openai-chat"
    exceptions = {
        "bad": openai.BadRequestError, "auth": openai.AuthenticationError, "missing": openai.NotFoundError,
        "rate": openai.RateLimitError, "dead": openai.InternalServerError, "stream": openai.APIError,
    }
    finishes = {"stop": "stop", "tool": "tool_calls"}

    def __init__(self, url, key=CLIENT_KEY):
        self.client = openai.OpenAI(api_key=key, base_url=url + "/v1", max_retries=0)

    def say(self, model, text, stream=False, tools=(), choice=None, image=None, think=False, schema=None, history=()):
        content = text
        if image:
            url = f"data:image/png;base64,{image}"
            content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
        messages = [*history, *([{"role": "user", "content": content}] if text else [])]
        more = {}
        if tools:
            more["tools"] = [{"type": "function", "function": {"strict": True, **tool}} for tool in tools]
        if choice:
            more["tool_choice"] = {"type": "function", "function": {"name": choice}}
        if think:
            more["reasoning_effort"] = "low"
        if think == "shown":
            # OpenRouter's word: OpenAI has none
            more["extra_body"] = {"reasoning": {"exclude": False}}
        if schema:
            more["response_format"] = {
                "type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        if not stream:
            answer = self.client.chat.completions.create(model=model, messages=messages, **more)
            return self._turn(answer, messages, 1)
        with self.client.chat.completions.stream(
            model=model, messages=messages, stream_options={"include_usage": True}, **more
        ) as stream:
            pieces = sum(event.type == "content.delta" and event.delta != "" for event in stream)
            return self._turn(stream.get_final_completion(), messages, pieces)

    def _turn(self, answer, messages, pieces):
        [choice] = answer.choices
        message, usage = choice.message, answer.usage
        calls = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
        details = usage.prompt_tokens_details
        return Turn(
            message.content or "", calls, getattr(message, "reasoning_content", None) or "",
            usage.prompt_tokens, usage.completion_tokens, (details and details.cached_tokens) or 0,
            choice.finish_reason, pieces, [*messages, message.model_dump(exclude_none=True)],
        )

    def answer(self, model, turn, results, **more):
        told = [
            {"role": "tool", "tool_call_id": id, "content": result} for (id, _, _), result in zip(turn.calls, results)
        ]
        return self.say(model, None, history=[*turn.history, *told], **more)

    def embed(self, model, texts):
        answer = self.client.embeddings.create(model=model, input=texts)
        return [one.embedding for one in answer.data]


class OpenAiResponses:
    """`openai`, responses."""

    name = "openai-responses"
    exceptions = OpenAiChat.exceptions
    finishes = {"stop": "completed", "tool": "completed"}

    def __init__(self, url, key=CLIENT_KEY):
        self.client = openai.OpenAI(api_key=key, base_url=url + "/v1", max_retries=0)

    def say(self, model, text, stream=False, tools=(), choice=None, image=None, think=False, schema=None, history=()):
        content = text
        if image:
            url = f"data:image/png;base64,{image}"
            content = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": url}]
        items = [*history, *([{"role": "user", "content": content}] if text else [])]
        more = {"store": False}
        if tools:
            more["tools"] = [{"type": "function", "strict": True, **tool} for tool in tools]
        if choice:
            more["tool_choice"] = {"type": "function", "name": choice}
        if think:
            more["reasoning"] = {"effort": "low", "summary": "auto"}
            more["include"] = ["reasoning.encrypted_content"]
        if schema:
            more["text"] = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": schema}}
        if not stream:
            return self._turn(self.client.responses.create(model=model, input=items, **more), items, 1)
        events = list(self.client.responses.create(model=model, input=items, stream=True, **more))
        for event in events:
            if event.type in ("error", "response.failed"):
                error = event if event.type == "error" else event.response.error
                raise openai.APIError(error.message, None, body={"code": error.code, "message": error.message})
        assert [event.sequence_number for event in events] == list(range(len(events)))
        texts = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert events[-1].type == "response.completed", events[-1]
        turn = self._turn(events[-1].response, items, len(texts))
        assert turn.text == "".join(texts), "the pieces are the whole"
        return turn

    def _turn(self, answer, items, pieces):
        calls = [(one.call_id, one.name, json.loads(one.arguments)) for one in answer.output if one.type == "function_call"]
        thoughts = [part.text for one in answer.output if one.type == "reasoning" for part in one.summary]
        usage = answer.usage
        return Turn(
            answer.output_text, calls, "".join(thoughts), usage.input_tokens, usage.output_tokens,
            usage.input_tokens_details.cached_tokens, answer.status, pieces,
            [*items, *(one.model_dump(exclude_none=True) for one in answer.output)],
        )

    def answer(self, model, turn, results, shown=None, **more):
        picture = {"type": "input_image", "image_url": f"data:image/png;base64,{shown}"}
        output = lambda result: [{"type": "input_text", "text": result}, picture] if shown else result
        told = [
            {"type": "function_call_output", "call_id": id, "output": output(result)}
            for (id, _, _), result in zip(turn.calls, results)
        ]
        return self.say(model, None, history=[*turn.history, *told], **more)


class Anthropic:
    """`anthropic`, messages."""

    name = "anthropic"
    exceptions = {
        "bad": anthropic.BadRequestError, "auth": anthropic.AuthenticationError, "missing": anthropic.NotFoundError,
        "rate": anthropic.RateLimitError, "dead": anthropic.APIStatusError, "stream": anthropic.APIStatusError,
    }
    finishes = {"stop": "end_turn", "tool": "tool_use"}

    def __init__(self, url, key=CLIENT_KEY):
        self.client = anthropic.Anthropic(api_key=key, base_url=url, max_retries=0)

    def say(self, model, text, stream=False, tools=(), choice=None, image=None, think=False, schema=None, history=()):
        content = text
        if image:
            source = {"type": "base64", "media_type": "image/png", "data": image}
            content = [{"type": "text", "text": text}, {"type": "image", "source": source}]
        messages = [*history, *([{"role": "user", "content": content}] if text else [])]
        more = {}
        if tools:
            shape = lambda tool: {key: value for key, value in tool.items() if key != "parameters"}
            more["tools"] = [{**shape(tool), "input_schema": tool["parameters"]} for tool in tools]
        if choice:
            more["tool_choice"] = {"type": "tool", "name": choice}
        if think:
            more["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if schema:
            more["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        asked = dict(model=model, max_tokens=4096, messages=messages, **more)
        if not stream:
            return self._turn(self.client.messages.create(**asked), messages, 1)
        with self.client.messages.stream(**asked) as stream:
            pieces = len(list(stream.text_stream))
            return self._turn(stream.get_final_message(), messages, pieces)

    def _turn(self, answer, messages, pieces):
        blocks = answer.content
        text = "".join(block.text for block in blocks if block.type == "text")
        calls = [(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"]
        thought = "".join(block.thinking for block in blocks if block.type == "thinking")
        usage = answer.usage
        cached = usage.cache_read_input_tokens or 0
        history = [*messages, {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in blocks]}]
        return Turn(
            text, calls, thought, usage.input_tokens + cached, usage.output_tokens, cached, answer.stop_reason, pieces,
            history,
        )

    def answer(self, model, turn, results, shown=None, **more):
        source = {"type": "base64", "media_type": "image/png", "data": shown}
        content = lambda result: [{"type": "text", "text": result}, {"type": "image", "source": source}] if shown else result
        told = [
            {"type": "tool_result", "tool_use_id": id, "content": content(result)}
            for (id, _, _), result in zip(turn.calls, results)
        ]
        return self.say(model, None, history=[*turn.history, {"role": "user", "content": told}], **more)

    def count(self, model, text):
        return self.client.messages.count_tokens(model=model, messages=[{"role": "user", "content": text}]).input_tokens


class Gemini:
    """`google-genai`."""

    name = "gemini"
    exceptions = {
        "bad": errors.ClientError, "auth": errors.ClientError, "missing": errors.ClientError,
        "rate": errors.ClientError, "dead": errors.ServerError, "stream": errors.APIError,
    }
    finishes = {"stop": types.FinishReason.STOP, "tool": types.FinishReason.STOP}

    def __init__(self, url, key=CLIENT_KEY):
        self.client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))

    def say(self, model, text, stream=False, tools=(), choice=None, image=None, think=False, schema=None, history=()):
        parts = [types.Part(text=text)] if text else []
        if image:
            parts.append(types.Part(inline_data=types.Blob(mime_type="image/png", data=image)))
        contents = [*history, *([types.Content(role="user", parts=parts)] if parts else [])]
        config = types.GenerateContentConfig()
        if tools:
            declared = [
                types.FunctionDeclaration(
                    name=tool["name"], description=tool["description"], parameters_json_schema=tool["parameters"]
                )
                for tool in tools
            ]
            config.tools = [types.Tool(function_declarations=declared)]
        if choice:
            calling = types.FunctionCallingConfig(mode="ANY", allowed_function_names=[choice])
            config.tool_config = types.ToolConfig(function_calling_config=calling)
        if think:
            config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        if schema:
            config.response_mime_type, config.response_json_schema = "application/json", schema
        asked = dict(model=model, contents=contents, config=config)
        if not stream:
            return self._turn([self.client.models.generate_content(**asked)], contents)
        return self._turn(list(self.client.models.generate_content_stream(**asked)), contents)

    def _turn(self, answers, contents):
        parts = [part for answer in answers for part in (answer.candidates[0].content.parts or [])]
        spoken = [part.text for part in parts if part.text and not part.thought]
        thought = "".join(part.text for part in parts if part.text and part.thought)
        functions = [part.function_call for part in parts if part.function_call]
        calls = [(call.id, call.name, call.args) for call in functions]
        last = answers[-1]
        usage = last.usage_metadata
        return Turn(
            "".join(spoken), calls, thought, usage.prompt_token_count,
            (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
            usage.cached_content_token_count or 0, last.candidates[0].finish_reason, len(spoken),
            [*contents, types.Content(role="model", parts=parts)],
        )

    def answer(self, model, turn, results, shown=None, **more):
        blob = types.FunctionResponseBlob(mime_type="image/png", data=shown) if shown else None
        parts = [types.FunctionResponsePart(inline_data=blob)] if shown else None
        told = [
            types.Part(function_response=types.FunctionResponse(id=id, name=name, response={"output": result}, parts=parts))
            for (id, name, _), result in zip(turn.calls, results)
        ]
        return self.say(model, None, history=[*turn.history, types.Content(role="user", parts=told)], **more)

    def count(self, model, text):
        return self.client.models.count_tokens(model=model, contents=text).total_tokens

    def embed(self, model, texts):
        return [one.values for one in self.client.models.embed_content(model=model, contents=texts).embeddings]


SPEAKERS = {speaker.name: speaker for speaker in (OpenAiChat, OpenAiResponses, Anthropic, Gemini)}

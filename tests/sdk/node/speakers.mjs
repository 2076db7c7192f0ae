// The official clients, each behind the same few words, so that a feature is tested once for all of them. A turn is what
// came of a request in words common to all.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { CLIENT_KEY } from './world.mjs';

class OpenAiChat {
  static id = 'openai-chat';
  static errors = {
    bad: OpenAI.BadRequestError,
    auth: OpenAI.AuthenticationError,
    missing: OpenAI.NotFoundError,
    rate: OpenAI.RateLimitError,
    dead: OpenAI.InternalServerError,
    stream: OpenAI.APIError,
  };

  constructor(url, apiKey = CLIENT_KEY) {
    this.client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  }

  async say(model, text, { stream, tools, image, think, schema, history = [] } = {}) {
    const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } };
    const content = image ? [{ type: 'text', text }, picture] : text;
    const messages = [...history, ...(text ? [{ role: 'user', content }] : [])];
    const asked = {
      model,
      messages,
      ...(tools && { tools: tools.map((tool) => ({ type: 'function', function: { strict: true, ...tool } })) }),
      ...(think && { reasoning_effort: 'low' }),
      // OpenRouter's word: OpenAI has none
      ...(think === 'shown' && { reasoning: { exclude: false } }),
      ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } }),
    };
    if (!stream) return this.#turn(await this.client.chat.completions.create(asked), messages);
    const streaming = this.client.chat.completions.stream({ ...asked, stream_options: { include_usage: true } });
    return this.#turn(await streaming.finalChatCompletion(), messages);
  }

  #turn({ choices: [{ message }], usage }, messages) {
    const calls = (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    }));
    return {
      text: message.content ?? '',
      calls,
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      history: [...messages, message],
    };
  }

  answer(model, turn, results, options) {
    const told = turn.calls.map(({ id }, at) => ({ role: 'tool', tool_call_id: id, content: results[at] }));
    return this.say(model, undefined, { ...options, history: [...turn.history, ...told] });
  }
}

class OpenAiResponses {
  static id = 'openai-responses';
  static errors = OpenAiChat.errors;

  constructor(url, apiKey = CLIENT_KEY) {
    this.client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  }

  async say(model, text, { stream, tools, image, think, schema, history = [] } = {}) {
    const picture = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${image}` };
    const content = image ? [{ type: 'input_text', text }, picture] : text;
    const input = [...history, ...(text ? [{ role: 'user', content }] : [])];
    const asked = {
      model,
      input,
      store: false,
      ...(tools && { tools: tools.map((tool) => ({ type: 'function', strict: true, ...tool })) }),
      ...(think && { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] }),
      ...(schema && { text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } } }),
    };
    if (!stream) return this.#turn(await this.client.responses.create(asked), input);
    return this.#turn(await this.client.responses.stream(asked).finalResponse(), input);
  }

  #turn({ output, usage }, items) {
    const calls = output.filter((item) => item.type === 'function_call');
    const parts = (type) => output.filter((item) => item.type === type);
    return {
      text: parts('message').map((item) => item.content.map((part) => part.text).join('')).join(''),
      calls: calls.map((call) => ({ id: call.call_id, name: call.name, input: JSON.parse(call.arguments) })),
      thought: parts('reasoning').map((item) => item.summary.map((part) => part.text).join('')).join(''),
      input: usage.input_tokens,
      output: usage.output_tokens,
      cached: usage.input_tokens_details.cached_tokens,
      // the client adds fields of its own to what it has parsed
      history: [...items, ...output.map(({ parsed_arguments, ...item }) => item)],
    };
  }

  answer(model, turn, results, { shown, ...options }) {
    const picture = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${shown}` };
    const output = (text) => (shown ? [{ type: 'input_text', text }, picture] : text);
    const told = turn.calls.map(({ id }, at) => ({ type: 'function_call_output', call_id: id, output: output(results[at]) }));
    return this.say(model, undefined, { ...options, history: [...turn.history, ...told] });
  }
}

class AnthropicMessages {
  static id = 'anthropic';
  static errors = {
    bad: Anthropic.BadRequestError,
    auth: Anthropic.AuthenticationError,
    missing: Anthropic.NotFoundError,
    rate: Anthropic.RateLimitError,
    dead: Anthropic.InternalServerError,
    stream: Anthropic.APIError,
  };

  constructor(url, apiKey = CLIENT_KEY) {
    this.client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
  }

  async say(model, text, { stream, tools, image, think, schema, history = [] } = {}) {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } };
    const content = image ? [{ type: 'text', text }, picture] : text;
    const messages = [...history, ...(text ? [{ role: 'user', content }] : [])];
    const asked = {
      model,
      max_tokens: 4096,
      messages,
      ...(tools && { tools: tools.map(({ parameters, ...tool }) => ({ ...tool, input_schema: parameters })) }),
      ...(think && { thinking: { type: 'enabled', budget_tokens: 1024 } }),
      ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
    };
    if (!stream) return this.#turn(await this.client.messages.create(asked), messages);
    return this.#turn(await this.client.messages.stream(asked).finalMessage(), messages);
  }

  #turn({ content, usage }, messages) {
    const blocks = (type) => content.filter((block) => block.type === type);
    const cached = usage.cache_read_input_tokens ?? 0;
    return {
      text: blocks('text').map((block) => block.text).join(''),
      calls: blocks('tool_use').map(({ id, name, input }) => ({ id, name, input })),
      thought: blocks('thinking').map((block) => block.thinking).join(''),
      input: usage.input_tokens + cached,
      output: usage.output_tokens,
      cached,
      history: [...messages, { role: 'assistant', content }],
    };
  }

  answer(model, turn, results, { shown, ...options }) {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: shown } };
    const content = (text) => (shown ? [{ type: 'text', text }, picture] : text);
    const told = turn.calls.map(({ id }, at) => ({ type: 'tool_result', tool_use_id: id, content: content(results[at]) }));
    return this.say(model, undefined, { ...options, history: [...turn.history, { role: 'user', content: told }] });
  }

  async count(model, text) {
    const counted = await this.client.messages.countTokens({ model, messages: [{ role: 'user', content: text }] });
    return counted.input_tokens;
  }
}

export const SPEAKERS = [OpenAiChat, OpenAiResponses, AnthropicMessages];

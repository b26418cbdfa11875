-- ListObjectsV2, and an object's ETag, from an index that index.py wrote: the rows of the answer, sorted by key and all
-- of one width, so that row i lies at i * width, a key is found by halving, and a page without a delimiter is one slice
-- of the file.
return function(path, width, rows)
  local file = assert(io.open(path, "rb"))

  local function slice(first, beyond)
    if beyond <= first then return "" end
    file:seek("set", first * width)
    return file:read((beyond - first) * width)
  end

  local function key_of(row) return slice(row, row + 1):match("<Key>(.-)</Key>") end

  local function first_from(key) -- the first row whose key is not below `key`
    local low, high = 0, rows
    while low < high do
      local middle = math.floor((low + high) / 2)
      if key_of(middle) < key then low = middle + 1 else high = middle end
    end
    return low
  end

  local function start_of(prefix, delimiter, after)
    local start = first_from(prefix)
    if after == "" then return start end
    local folder = delimiter ~= "" and after:sub(-1) == delimiter
    local next = first_from(folder and after .. "\255" or after .. "\0")
    return math.max(start, next)
  end

  local function folders(prefix, delimiter, row, stop, most) -- what a delimiter gives: objects here, folders below
    local parts, count, last = {}, 0, ""
    while row < stop and count < most do
      local key = key_of(row)
      local cut = key:find(delimiter, #prefix + 1, true)
      last = cut and key:sub(1, cut) or key
      parts[#parts + 1] = cut and "<CommonPrefixes><Prefix>" .. last .. "</Prefix></CommonPrefixes>" or slice(row, row + 1)
      row = cut and first_from(last .. "\255") or row + 1
      count = count + 1
    end
    return table.concat(parts), count, last, row
  end

  local function text(value) return type(value) == "string" and value or "" end

  local function etag(key) -- as it is listed, without quotes
    local row = first_from(key)
    if row < rows and key_of(row) == key then return slice(row, row + 1):match("<ETag>&quot;(.-)&quot;</ETag>") end
  end

  local function list(bucket, arguments)
    local prefix, delimiter = text(arguments.prefix), text(arguments.delimiter)
    local most = math.min(tonumber(arguments["max-keys"]) or 1000, 1000)
    local after = text(arguments["continuation-token"] or arguments["start-after"])
    local row, stop = start_of(prefix, delimiter, after), first_from(prefix .. "\255")
    local body, count, last
    if delimiter == "" then
      local beyond = math.max(row, math.min(row + most, stop))
      body, count, last = slice(row, beyond), beyond - row, beyond > row and key_of(beyond - 1) or ""
      row = beyond
    else
      body, count, last, row = folders(prefix, delimiter, row, stop, most)
    end
    local more = row < stop
    ngx.header.content_type = "application/xml"
    ngx.print('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      "<Name>", bucket, "</Name><Prefix>", prefix, "</Prefix><KeyCount>", count, "</KeyCount><MaxKeys>", most, "</MaxKeys>",
      "<IsTruncated>", tostring(more), "</IsTruncated>",
      more and "<NextContinuationToken>" .. last .. "</NextContinuationToken>" or "", body, "</ListBucketResult>")
  end

  return { list = list, etag = etag }
end

#include <gtest/gtest.h>

#include "lfs/queue/basic_adapter.h"

namespace lazylfs::lfs {
namespace {

using namespace std::string_view_literals;

TEST(ContentTypeTest, CommonFormatsAreTold) {
  EXPECT_EQ(sniff_content_type("hello"), "text/plain; charset=utf-8");
  EXPECT_EQ(sniff_content_type(""), "text/plain; charset=utf-8");
  EXPECT_EQ(sniff_content_type("\x00\x01\x02"sv), "application/octet-stream");
  EXPECT_EQ(sniff_content_type("\x89PNG\r\n\x1A\n...."sv), "image/png");
  EXPECT_EQ(sniff_content_type("PK\x03\x04...."sv), "application/zip");
  EXPECT_EQ(sniff_content_type("\x1F\x8B\x08...."sv), "application/x-gzip");
  EXPECT_EQ(sniff_content_type("%PDF-1.7"), "application/pdf");
  EXPECT_EQ(sniff_content_type("  <!DOCTYPE HTML>"), "text/html; charset=utf-8");
  EXPECT_EQ(sniff_content_type("<?xml version"), "text/xml; charset=utf-8");
  EXPECT_EQ(sniff_content_type("RIFF1234WAVE"), "audio/wave");
  EXPECT_EQ(sniff_content_type("\x00\x00\x00\x10"
                               "ftypmp42...."sv),
            "video/mp4");
}

}  // namespace
}  // namespace lazylfs::lfs

// Commits and tags, byte for byte.
#include "lfs/migrate/commit_text.h"

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

const std::string kOld(40, 'a'), kNew(40, 'b'), kParent(40, 'c');

CommitLinks new_links() { return {*GitOid::parse(kNew), {*GitOid::parse(kParent)}}; }

TEST(CommitText, KeepsHeadersAndMessage) {
  const std::string rest =
      "author A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\ngpgsig -----BEGIN\n \n  two\n -----END\n"
      "encoding latin1\n\nsubject\n\nbody\n";
  EXPECT_EQ(replace_commit_links("tree " + kOld + "\nparent " + kOld + "\n" + rest, new_links()),
            "tree " + kNew + "\nparent " + kParent + "\n" + rest);
}

TEST(CommitText, EndsTheMessageInANewlineAndDropsCarriageReturns) {
  const std::string head = "author A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n";
  EXPECT_EQ(replace_commit_links("tree " + kOld + "\n" + head + "\na\r\nb", new_links()),
            "tree " + kNew + "\nparent " + kParent + "\n" + head + "\na\nb\n");
}

TEST(CommitText, FindsTreeAndParents) {
  const auto links = parse_commit_links("tree " + kNew + "\nparent " + kParent +
                                        "\nauthor A\n\nparent " + kOld + "\n");
  ASSERT_TRUE(links);
  EXPECT_EQ(*links, new_links());
  EXPECT_FALSE(parse_commit_links("author A\n\n"));
  EXPECT_FALSE(parse_commit_links("tree zz\n\n"));
}

TEST(TagText, ChangesOnlyTheObject) {
  const std::string rest = "type commit\ntag v1\ntagger A <a@x> 1 +0000\n\nmessage\n\nend";
  const std::string tag = "object " + kOld + "\n" + rest;
  EXPECT_EQ(parse_tag_target(tag)->type, "commit");
  EXPECT_EQ(replace_tag_target(tag + "\n", *GitOid::parse(kNew)), "object " + kNew + "\n" + rest);
}

}  // namespace
}  // namespace lazylfs::lfs
